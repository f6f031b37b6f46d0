"""What the page of the professional context shows: its view-models, as in `pages/sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextChoice:
    """Unknown texts are "". `mode` is "L", "S", "B" or ""."""

    key: str
    profession: str
    speciality: str
    mode: str
    structure: str
    place: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ProfessionalContextPage:
    """POST base_path/professional_context: practice (a key)."""

    choices: tuple[ContextChoice, ...]
    #: "professional_context.choose", or None
    error: str | None
