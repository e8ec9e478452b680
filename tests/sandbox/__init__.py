"""What Usher's tests play in: fake Plex, plex.tv, SMTP and Discord servers and a Tautulli, all on loopback."""
