"""Addresses of the shared screens."""

from django.urls import path

from tamna.web.views import pages

app_name = "web"
urlpatterns = [
    path("", pages.home, name="home"),
    path("healthz", pages.healthz, name="healthz"),
]
