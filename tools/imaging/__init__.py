"""From chart to pixels: studies, films, volumes and slides, as pictures that a model may be given."""
