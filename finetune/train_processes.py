"""How many processes train together, and which of them this is: one, unless torchrun or accelerate launch says more."""

from accelerate import PartialState

from finetune.train_arguments import has_accelerator


def processes() -> PartialState:
    """Accelerate's view of the processes; on CPUs they talk over gloo."""
    # without `cpu` accelerate ignores torchrun's environment where there is no GPU
    return PartialState(cpu=not has_accelerator())
