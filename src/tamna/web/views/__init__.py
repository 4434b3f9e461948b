"""Addresses of the shared screens."""

from django.urls import path

from tamna.web.views import account, automation, pages, saved, system

app_name = "web"
urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in", account.sign_in, name="sign-in"),
    path("sign-out", account.sign_out, name="sign-out"),
    path("door/<str:username>", account.door, name="door"),
    path("first-run", account.first_run, name="first-run"),
    path("account", account.account, name="account"),
    path("language", account.language, name="language"),
    path("live-address", pages.live_address, name="live-address"),
    path("search", pages.search, name="search"),
    path("notifications", pages.notifications, name="notifications"),
    path("gallery", pages.gallery, name="gallery"),
    path("catalogue", automation.catalogue, name="catalogue"),
    path("catalogue/<str:key>", automation.automation, name="automation"),
    path("catalogue/<str:key>/level", automation.set_level, name="set-level"),
    path("proposals", automation.proposals, name="proposals"),
    path("proposals/<uuid:public_id>", automation.proposal, name="proposal"),
    path("proposals/<uuid:public_id>/decide", automation.decide, name="decide"),
    path("proposals/<uuid:public_id>/undo", automation.undo, name="undo"),
    path("audit", system.audit_log, name="audit"),
    path("audit/verify", system.audit_verify, name="audit-verify"),
    path("audit/of/<str:kind>/<str:ref>", system.audit_of, name="audit-of"),
    path("jobs", system.jobs, name="jobs"),
    path("jobs/<int:job_id>/retry", system.retry_job, name="retry-job"),
    path("jobs/letters/<int:letter_id>/retry", system.retry_letter, name="retry-letter"),
    path("connections", system.connections, name="connections"),
    path("connections/badges", system.badges, name="badges"),
    path("connections/<str:key>/faults", system.faults, name="faults"),
    path("imports", system.imports, name="imports"),
    path("imports/<uuid:public_id>", system.import_run, name="import"),
    path("clock", system.set_clock, name="clock"),
    path("tokens", system.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke", system.revoke_token, name="revoke-token"),
    path("accounts/<int:user_id>/unlock", system.unlock, name="unlock"),
    path("views/save", saved.save, name="save-view"),
    path("views/<int:view_id>/rename", saved.rename, name="rename-view"),
    path("views/<int:view_id>/delete", saved.delete, name="delete-view"),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("metrics", pages.metrics, name="metrics"),
]
