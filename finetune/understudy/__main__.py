"""`python -m finetune.understudy train --minutes 60`: the same commands as `greenroom finetune understudy`."""

from finetune.understudy.cli import app

app()
