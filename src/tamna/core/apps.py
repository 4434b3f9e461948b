from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "tamna.core"
    verbose_name = "Shared ground"

    def ready(self) -> None:
        from tamna.connect import systems
        from tamna.core import connections

        systems.use(connections.address_of)
        autodiscover_modules("automations", "handlers", "tasks", "providers")
