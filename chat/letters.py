"""Rendering mails, in all languages."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import formatdate

from flask import render_template

from chat.i18n import TAGS, choose_locale, translate
from chat.text.addresses import Sender

SEVEN_BITS = WIRE.clone(cte_type="7bit")  # any server can relay it


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: its `kind` names its texts; `highlight` is the code or name that stands out,
    `site` the name of the installation.

    `recipient` has its domain in ASCII. `text` and `message` need an application context.
    """

    recipient: str
    kind: str
    locale: str
    highlight: str
    site: str = ""

    @property
    def subject(self) -> str:
        """Return the subject line."""
        subject = translate(f"mail.{self.kind}.subject", self.locale)
        if not self.site:
            return subject
        return translate("mail.of_site", self.locale, site=self.site, subject=subject)

    def text(self, minutes: int) -> str:
        """Return the plain text; `minutes` is the remaining lifetime of the code."""
        return render_template("mail.txt", **self._texts(minutes))

    def message(self, sender: Sender, message_id: str, minutes: int) -> EmailMessage:
        """Return the mail to send, with text and HTML bodies."""
        texts = self._texts(minutes)
        message = EmailMessage(policy=SEVEN_BITS)
        message.set_content(render_template("mail.txt", **texts))
        message.add_alternative(render_template("mail.html", **texts), subtype="html")
        message["Subject"] = self.subject
        message["From"] = Address(sender.name, addr_spec=sender.address)
        message["To"] = self.recipient
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = message_id
        message["Content-Language"] = texts["language"]
        message["Auto-Submitted"] = "auto-generated"  # suppresses automatic replies
        return message

    def _texts(self, minutes: int) -> dict[str, str]:
        return {
            "subject": self.subject,
            "site": self.site,
            "language": TAGS[choose_locale(self.locale, None)],
            "greeting": translate("mail.greeting", self.locale),
            "lead": translate(f"mail.{self.kind}.lead", self.locale),
            "highlight": self.highlight,
            "note": translate(f"mail.{self.kind}.note", self.locale, minutes=minutes),
            "automatic": translate("mail.automatic", self.locale),
        }
