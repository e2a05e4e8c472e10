"""What every form shares: plain text fields, e-mail addresses, and the answer 422 where something must be put right."""

from __future__ import annotations

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from dashboard import passwords
from dashboard.sign_ins import normal_email

EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s.,;<>\"]+")
NEEDED = DataRequired("This is needed.")


class Form(FlaskForm):  # type: ignore[misc]  # the library ships no types
    """A form of ours. Validation messages say what to do; what was typed stays, except secrets."""


def stripped(text: str | None) -> str | None:
    """A filter for text fields: no blanks at the ends."""
    return text.strip() if text else text


def is_email(_form: Any, field: Field) -> None:
    """A validator: something that mail could be sent to."""
    if not EMAIL.fullmatch(field.data or ""):
        raise ValidationError("This does not look like an e-mail address.")


def email_field(label: str = "E-mail") -> StringField:
    """An e-mail address, kept in lower case."""
    validators = [NEEDED, Length(max=200, message="This is too long for an address."), is_email]
    return StringField(
        label, filters=[normal_email], validators=validators, render_kw={"type": "email", "autocomplete": "username"}
    )


def text_field(label: str, most: int = 120, **given: Any) -> StringField:
    """One line of text that must not be empty."""
    validators = [NEEDED, Length(max=most, message=f"At most {most} characters.")]
    return StringField(label, filters=[stripped], validators=validators, **given)


def password_field(label: str, autocomplete: str, **given: Any) -> PasswordField:
    """A password; never sent back to the page."""
    validators = [NEEDED, Length(max=passwords.MOST, message=f"At most {passwords.MOST} characters.")]
    return PasswordField(label, validators=validators, render_kw={"autocomplete": autocomplete}, **given)
