from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    name = "tamna.claims"
