"""Where characters meet people: Discord, the web page, the terminal, the API."""
