"""What goes wrong when somebody signs in; no message repeats a token, a code or a claim."""


class SignInError(RuntimeError):
    """A sign-in did not come about: begin it again."""

    def __init__(self, why: str | None = None) -> None:
        super().__init__(why or str(self.__doc__))


class ProviderAway(SignInError):
    """The sign-in provider does not answer, or not as one does: try again, then check its address in the settings."""


class SignInRefused(SignInError):
    """The sign-in was refused: begin it again."""
