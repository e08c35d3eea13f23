"""Why a model did not answer, by name: away (the round can be resumed) or asked for something that it cannot do."""

from __future__ import annotations

from agents.models.reply import ModelFailed


class ModelAway(RuntimeError):
    """No model answered; nothing is drafted in its place, and the round can be resumed when it is back."""


class ModelUnreachable(ModelAway):
    """The model server did not answer, several times."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The model server {reason}; check PREROUND_MODEL_URL and that it runs, then resume the round."
        )


class ModelTooSlow(ModelAway):
    """The model did not answer in time; the round can be resumed when it is less busy."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The model did not answer within {seconds:g} s; resume the round when it is less busy.")


class ModelNotServed(ModelAway):
    """The server runs, and does not serve this model or does not let us in."""

    def __init__(self, served: str, reason: str) -> None:
        super().__init__(f"The model server does not serve {served} ({reason}); see `preround models`.")


class PromptTooLong(ModelFailed):
    """Prompt and answer do not fit into the served context."""

    def __init__(self) -> None:
        super().__init__("The prompt is longer than the served context; serve the model with a larger --max-model-len.")


class TemplateMissing(ModelFailed):
    """The model's tokenizer does not say what a prompt looks like."""

    def __init__(self) -> None:
        super().__init__("The model's tokenizer has no chat template; name one with `template` in its row.")


class ImageRefused(ModelFailed):
    """The server could not read an image, or the model takes none, or not so many."""

    def __init__(self) -> None:
        super().__init__("The model server refused the image; send PNG or JPEG to a model that takes images.")


class RequestRefused(ModelFailed):
    """The server refused the request for another reason."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The model server refused the request with status {status}; its log says why.")


class EndpointRefused(ValueError):
    """The endpoint is not on the list of those that may see a chart; nothing was sent."""

    def __init__(self, reason: str, what: str = "model endpoint") -> None:
        super().__init__(f"Nothing was sent to the {what}: {reason}.")


class NothingInPrompt(ValueError):
    """A script points at something that the model was not shown; write the words as the chart has them."""

    def __init__(self, words: str) -> None:
        super().__init__(
            f"The script points at “{words}”, which the model was not shown; write it as the chart has it."
        )
