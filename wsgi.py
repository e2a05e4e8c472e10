"""What a web server and the `flask` command load."""

from dashboard import create_app

app = create_app()
