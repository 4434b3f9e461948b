"""All addresses. A department adds its own `urls.py` and one line here."""

from django.urls import include, path

from tamna.billing.api import router as billing
from tamna.core.api import api
from tamna.patients.api import router as patients
from tamna.reception.api import router as reception
from tamna.web.clock_api import router as clock
from tamna.web.proposals_api import router as proposals

for router in (clock, patients, reception, billing, proposals):
    api.add_router("", router)

urlpatterns = [
    path("api/v1/", api.urls),
    path("patients/", include("tamna.patients.urls")),
    path("reception/", include("tamna.reception.urls")),
    path("billing/", include("tamna.billing.urls")),
    path("claims/", include("tamna.claims.urls")),
    path("ledger/", include("tamna.ledger.urls")),
    path("insight/", include("tamna.insight.urls")),
    path("lobby/", include("tamna.lobby.urls")),
    path("", include("tamna.web.views")),
]
handler403 = "tamna.web.views.pages.refused"
handler404 = "tamna.web.views.pages.missing"
handler500 = "tamna.web.views.pages.broken"
