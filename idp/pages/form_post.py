"""What the page shows that posts itself to the relying party. A view-model, as in `sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormPostPage:
    """The authorization response as a form (response_mode form_post): POST `action` with `fields`."""

    action: str
    fields: tuple[tuple[str, str], ...]
