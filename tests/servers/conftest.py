import clients
import pytest


@pytest.fixture(params=clients.SERVERS)
def server(request):
    """Each server that the installed Dash runs on, and that is installed."""
    return request.param


@pytest.fixture(params=clients.ASGI_SERVERS)
def asgi(request):
    """Each server with WebSockets."""
    return request.param
