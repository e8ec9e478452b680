"""Mail by SMTP: one recipient, a text and an HTML part, TLS with a checked certificate.

An answer about the recipient (no such mailbox) is Refused, one that passes (greylisting) Postponed; whatever concerns
the server, its login or its limits is Unreachable, since the owner can mend it and the mail is still wanted.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from shared import log
from shared.errors import Postponed, Refused, Unreachable, UsherError

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

WAIT = 15.0  # seconds for each answer of the server
DATA_WAIT = 60.0  # seconds for the one to a whole mail: some servers look for spam first
BIGGEST_REPLY = 100_000  # bytes of one answer of the server
LONGEST_SUBJECT = 150  # characters
GREETING = "[127.0.0.1]"  # what smtplib itself says where the machine has no full name; asking for one asks DNS
OURS = ("5.7.", "5.4.5", "5.3.", "5.5.")  # extended codes of policy, limits, system and protocol: not of the recipient


def is_set_up(settings: Mapping[str, Any]) -> bool:
    """Whether [mail] says enough to send."""
    return bool(settings.get("host") and settings.get("from"))


class Mail:
    """The mail server of [mail]; the connection is kept for the next mail until `close`. One thread only.

    Raises UsherError where [mail] lacks host or from.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if not is_set_up(settings):
            raise UsherError("[mail] host or from is empty, so no mail is sent")
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None
        log.hide(str(settings.get("password") or ""))

    def send(
        self, to: str, subject: str, text: str, html: str, message_id: str, before: Callable[[], None] | None = None
    ) -> None:
        """Send one mail. `message_id` is the same for every attempt at it: mailboxes sort out what comes twice.

        `before` is called in the moment before the mail itself is handed over: until then nothing can have arrived.
        Raises Refused (never to this address), Postponed (this one later), Unreachable (all later).
        """
        recipient = _address(to)
        message = self._message(recipient, subject, text, html, message_id)
        import smtplib

        try:
            smtp = self._begin()
            self._recipient(smtp, recipient)
            if before is not None:
                before()
            if smtp.sock is not None:
                smtp.sock.settimeout(DATA_WAIT)
            code, said = smtp.data(message.as_bytes())
            if smtp.sock is not None:
                smtp.sock.settimeout(WAIT)
            if code >= 300:
                raise self._verdict(code, said, "the mail")
        except smtplib.SMTPDataError as error:
            self.close()
            raise self._verdict(error.smtp_code, error.smtp_error, "the mail") from None
        except UsherError:
            self.close()  # with it goes the half mail that the server still remembers
            raise
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self.close()
            raise self._failed(error) from None

    def check(self) -> None:
        """Connect, log in and name the sender, but send nothing. Raises Unreachable with what is wrong."""
        import smtplib

        try:
            self._begin()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._failed(error) from None
        finally:
            self.close()

    def message_id(self, key: str, created: float) -> str:
        """A Message-ID that is the same whenever this message is sent, and nobody else's."""
        import hashlib

        domain = _idna(_parse(self._settings["from"])[1].rpartition("@")[2]) or "localhost"
        digest = hashlib.sha256(f"{key} {created:.3f}".encode("utf-8", "replace")).hexdigest()[:32]
        return f"<usher.{digest}@{domain}>"

    def close(self) -> None:
        """End the connection; another mail opens a new one."""
        if self._smtp is not None:
            smtp, self._smtp = self._smtp, None
            smtp.close()

    def _begin(self) -> smtplib.SMTP:
        """A connection that has taken the sender. A kept one may have been closed by the server meanwhile."""
        import smtplib

        sender = self._sender()
        while True:
            kept = self._smtp is not None
            smtp = self._smtp = self._smtp or self._connect()
            try:
                code, said = smtp.mail(sender)
            except (smtplib.SMTPServerDisconnected, OSError):
                self.close()
                if kept:
                    continue
                raise
            if code >= 300:
                raise Unreachable(f"{self._where} does not take the sender: {_shown(code, said)}; see [mail] from")
            return smtp

    def _sender(self) -> str:
        try:
            return _address(_parse(self._settings["from"])[1])
        except Refused:  # which is said of recipients; this one the owner can mend
            raise Unreachable("[mail] from is no address that mail could come from") from None

    def _recipient(self, smtp: smtplib.SMTP, recipient: str) -> None:
        code, said = smtp.rcpt(recipient)
        if code >= 300:
            raise self._verdict(code, said, "the recipient")

    def _verdict(self, code: int, said: bytes | str, what: str) -> UsherError:
        told = f"{self._where} does not take {what}: {_shown(code, said)}"
        if code == 421:
            return Unreachable(told)
        if code < 500:
            return Postponed(told)
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        if code in (530, 534, 535, 538) or text.lstrip().startswith(OURS):
            return Unreachable(told)
        return Refused(told)

    def _connect(self) -> smtplib.SMTP:
        import smtplib

        from shared.web import checked_tls

        security, host, port = (self._settings[key] for key in ("security", "host", "port"))
        if security == "tls":
            tls = checked_tls("the mail server")
            made = _bounded(smtplib.SMTP_SSL)
            smtp: smtplib.SMTP = made(host, port, local_hostname=GREETING, timeout=WAIT, context=tls)
        else:
            smtp = _bounded(smtplib.SMTP)(host, port, local_hostname=GREETING, timeout=WAIT)
        try:
            if security == "starttls":
                smtp.ehlo()
                if not smtp.has_extn("starttls"):  # whoever sits in between may have taken it out: never without
                    raise Unreachable(f"{self._where} offers no STARTTLS: see [mail] security and port")
                smtp.starttls(context=checked_tls("the mail server"))
            smtp.ehlo_or_helo_if_needed()
            if self._settings.get("username"):
                smtp.login(self._settings["username"], self._settings["password"])
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _message(self, to: str, subject: str, text: str, html: str, message_id: str) -> EmailMessage:
        from email.headerregistry import Address
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import formatdate

        name, sender = _parse(self._settings["from"])[0], self._sender()
        message = EmailMessage(policy=SMTP)
        message["Subject"] = _line(subject, LONGEST_SUBJECT)
        message["From"] = Address(_line(name or self._settings.get("brand") or "", 80), addr_spec=sender)
        message["To"] = Address(addr_spec=to)
        boss, admin = _parse(next(iter(self._settings.get("admin") or ()), ""))
        if is_address(admin) and admin.casefold() not in (sender.casefold(), to.casefold()):
            message["Reply-To"] = Address(_line(boss, 80), addr_spec=_address(admin))
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"  # so that no "I am on holiday" comes back
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(_sendable(text), cte="quoted-printable")
        message.add_alternative(_sendable(html), subtype="html", cte="quoted-printable")
        return message

    def _failed(self, error: Exception) -> UsherError:
        import smtplib
        import ssl

        if isinstance(error, smtplib.SMTPAuthenticationError):
            code = error.smtp_code
            return Unreachable(f"{self._where} does not accept the login ({code}): see [mail] username and password")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Unreachable(f"{self._where} offers no login: leave [mail] username empty, or see security and port")
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib hides it
            return Unreachable(f"{self._where} did not answer in time; see [mail] host, port and security")
        if isinstance(error, ssl.SSLCertVerificationError):
            return Unreachable(f"{self._where} has a certificate that is not trusted ({error.verify_message})")
        if isinstance(error, ssl.SSLError):
            return Unreachable(f"{self._where} cannot be talked to by TLS: see [mail] security and port")
        if isinstance(error, socket.gaierror):
            return Unreachable(f"{self._where} cannot be found: see [mail] host")
        if isinstance(error, smtplib.SMTPResponseException):
            return Unreachable(f"{self._where} failed: {_shown(error.smtp_code, error.smtp_error)}")
        if isinstance(error, (smtplib.SMTPServerDisconnected, ConnectionError)):
            return Unreachable(f"{self._where} closed the connection, or is not there; see [mail] port and security")
        return Unreachable(f"{self._where} cannot be reached ({type(error).__name__})")

    @property
    def _where(self) -> str:
        return f"the mail server {_line(str(self._settings['host']), 80)}:{self._settings['port']}"


def _bounded(kind: Any) -> Any:
    """A class of smtplib's for which no answer of the server is without end: its own reads line after line."""
    from shared.web import Pieces

    class Bounded(kind):  # type: ignore[misc]
        def getreply(self) -> tuple[int, bytes]:
            wait = self.sock.gettimeout()
            # a new one each time: what came without being asked for, before TLS perhaps, is no answer to anything
            self.file = io.BufferedReader(Pieces(self.sock.makefile("rb", 0), self.sock, wait, BIGGEST_REPLY))
            try:
                code, said = super().getreply()
            finally:
                if self.sock is not None:
                    self.sock.settimeout(wait)
            return code, said

    return Bounded


def is_address(text: str) -> bool:
    """Whether a mail could be sent there at all."""
    try:
        return bool(_address(text))
    except Refused:
        return False


def _address(text: str) -> str:
    """The address, its domain as mail servers write it. Raises Refused where it is none, or is several."""
    name, _, domain = text.strip().rpartition("@")
    plain = name and domain and not any(c in " \t<>(),;:\\\"[]@" or not "!" <= c <= "~" for c in name)
    domain = _idna(domain) if plain else ""
    if not domain or not all(c.isalnum() or c in ".-_" for c in domain) or len(name) > 64 or len(domain) > 253:
        raise Refused("this is no mail address that could be written to")
    return f"{name}@{domain}"


def _idna(domain: str) -> str:
    """The domain in ASCII, "" where it cannot be one."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


def _parse(written: str) -> tuple[str, str]:
    """Name and address of `Name <me@example.com>` or `me@example.com`."""
    name, bracket, rest = written.rpartition("<")
    return (name.strip().strip('"'), rest.rstrip("> ")) if bracket else ("", written.strip())


def _line(text: str, most: int) -> str:
    """One line without anything that ends a header."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _sendable(text: str) -> str:
    """Without characters that no mail may hold."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line if line.isprintable() else "".join(c if c.isprintable() or c == "\t" else " " for c in line)
                     for line in lines)  # fmt: skip


def _shown(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return log.mask(_line(f"{code} {text}", 160))
