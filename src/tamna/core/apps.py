from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "tamna.core"
    verbose_name = "Shared ground"

    def ready(self) -> None:
        autodiscover_modules("automations", "handlers", "tasks", "providers")
