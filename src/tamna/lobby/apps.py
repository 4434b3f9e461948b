from django.apps import AppConfig


class LobbyConfig(AppConfig):
    name = "tamna.lobby"
    languages = ("ko", "zh_Hans", "ja")  # what patients read is complete in all of them; English is the message ids
