"""The door to mail"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from deployer.notices.message import Message
from deployer.notices.post import NotSent
from deployer.notices.receivers import key
from deployer.settings.notices import NoticeValues

_PORTS = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True, slots=True)
class Mail:
    values: NoticeValues

    def send(self, message: Message) -> None:
        """Raises NotSent."""
        try:
            with self._connected() as server:
                if self.values.user:
                    server.login(self.values.user, key(self.values))
                server.send_message(self._written(message))
        except smtplib.SMTPAuthenticationError:
            raise NotSent("the mail server does not take user and secret") from None
        except smtplib.SMTPException as error:
            raise NotSent(f"the mail server refuses it ({type(error).__name__})", again=True) from None
        except (OSError, ValueError) as error:
            raise NotSent(f"the mail server does not answer ({type(error).__name__})", again=True) from None

    def _connected(self) -> smtplib.SMTP:
        host, _, port = self.values.host.partition(":")
        place = host, int(port) if port else _PORTS[self.values.tls]
        if self.values.tls == "tls":
            return smtplib.SMTP_SSL(*place, timeout=self.values.timeout, context=ssl.create_default_context())
        server = smtplib.SMTP(*place, timeout=self.values.timeout)
        if self.values.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"], mail["From"] = message.title[:150], self.values.sender
        mail["To"] = ", ".join(self.values.to)
        mail["X-Deployer-Run"] = message.run
        mail.set_content(message.whole + f"\n\nrun {message.run}\n")
        return mail
