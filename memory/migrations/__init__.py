"""How a journal of an earlier greenroom becomes one of today's."""
