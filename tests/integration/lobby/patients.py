"""Browsers of patients: an enrolled kiosk or board, and a phone that opened its link."""

from django.test import Client

from tamna.core.actor import Actor
from tamna.lobby import devices, links
from tamna.lobby.models import Device

IT = Actor("person", "it", role="it", team="it")


def device_client(kind: str = "kiosk", name: str = "로비 1", **kwargs) -> Client:
    """A browser that staff enrolled as a device."""
    client = Client(**kwargs)
    device = Device.objects.filter(name=name).first() or devices.add(kind=kind, name=name, by=IT)
    client.post(f"/lobby/enrol/{devices.invite(device=device, by=IT)}")
    return client


def link_client(patient, ticket=None) -> Client:
    """A phone that opened its link."""
    client = Client()
    client.get(links.make(patient=patient, ticket=ticket, by=IT))
    return client
