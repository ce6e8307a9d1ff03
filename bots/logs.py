"""How the program's own log looks: for people on a terminal, JSON for everything else, on stderr."""

import asyncio
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
    logging.getLogger("uvicorn.error").addFilter(is_no_cancelling)


def is_no_cancelling(record: logging.LogRecord) -> bool:
    """False for a stream that ends because the house closes: uvicorn would print a page of traceback for each."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
