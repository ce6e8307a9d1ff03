"""How the program's own log looks: for people on a terminal, JSON for everything else, on stderr."""

import logging
import sys

import structlog

from bots.settings import BotsSettings


def start_logging(settings: BotsSettings) -> None:
    """Sets structlog up; foreign libraries are heard from WARNING on."""
    people = settings.log == "console" or (settings.log == "auto" and sys.stderr.isatty())
    # plain: structlog's own tracebacks show every local variable, and with them what people said
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last = console if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if people else [structlog.processors.format_exc_info]),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
