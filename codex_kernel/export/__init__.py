"""Documents from turns that have ended: HTML, Markdown, a notebook, JSON.

Reads notebooks, the turn log and Codex's threads, and trusts none of them: secrets are taken out
on the way in, and HTML and Markdown come from `render` alone. Knows neither nbconvert nor
traitlets.
"""
