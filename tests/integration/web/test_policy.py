"""What a page may load, and where its live stream is."""

import pytest

pytestmark = pytest.mark.django_db


def test_a_page_loads_from_its_own_host_only(client, hospital):
    page = client.get("/sign-in", HTTP_HOST="localhost:8100", SERVER_PORT="8100")
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'" and policy["connect-src"] == "'self' http://localhost:8101"
    assert "<script>" not in page.content.decode() and " onclick=" not in page.content.decode()
    assert "Content-Security-Policy" not in client.get("/healthz")


def test_the_live_stream_is_beside_the_page_or_where_it_was_set(client, hospital, user_of, settings):
    client.force_login(user_of("director"))
    assert (
        client.get("/live-address", HTTP_HOST="localhost:8100", SERVER_PORT="8100")
        .json()["url"]
        .startswith("http://localhost:8101/live?")
    )
    settings.LIVE_URL = "https://tamna.example/live"
    assert client.get("/live-address").json()["url"].startswith("https://tamna.example/live?token=")
    assert "connect-src 'self' https://tamna.example;" in client.get("/")["Content-Security-Policy"]
