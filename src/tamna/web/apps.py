from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tamna.web"

    def ready(self) -> None:
        from tamna.web.logging import configure

        configure()
