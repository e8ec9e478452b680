"""What tautulli.log does not tell: secrets, public addresses, e-mails and the names of users."""
import re

PUBLIC_IP = re.compile(r"\b(?!127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)(?:\d{1,3}\.){3}\d{1,3}\b")
EMAIL = re.compile(r"([\w.+-]+)@[\w-]+\.[\w.-]+", re.A)
TOKEN = re.compile(r"(X-Plex-Token(?:=|%3D))[\w-]+", re.A)


def mask(text, secrets, names):
    """names: those of the users; short ones are not hidden."""
    for secret in secrets:
        text = text.replace(secret, "*" * 16)
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 3 and name.lower() not in ("local", "guest"):
            text = re.sub(re.escape(name), lambda _, n=name: n[:2] + "*" * 8 + n[-1], text, flags=re.I)
    text = TOKEN.sub(r"\1" + "*" * 16, text)
    text = EMAIL.sub(lambda m: m[1][:2] + "*" * 8 + m[1][-1] + "@" + "*" * 8, text)
    return PUBLIC_IP.sub("***.***.***.***", text)
