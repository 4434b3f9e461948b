from django.urls import include, path

from tamna.claims import views
from tamna.claims.studio import views as studio

app_name = "claims"
urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("send", views.send_ready, name="send-ready"),
    path("batches", views.batches, name="batches"),
    path("batches/<uuid:public_id>", views.batch, name="batch"),
    path("batches/<uuid:public_id>/file", views.batch_file, name="batch-file"),
    path("batches/<uuid:public_id>/resend", views.resend, name="resend"),
    path("answers", views.answers, name="answers"),
    path("answers/<int:response_id>/accept", views.accept_cut, name="accept-cut"),
    path("rules", studio.rules, name="rules"),
    path("rules/", include("tamna.claims.studio.urls")),
    path("findings/<int:finding_id>/fix", views.fix, name="fix"),
    path("findings/<int:finding_id>/accept", views.accept, name="accept"),
    path("<uuid:public_id>", views.detail, name="claim"),
    path("<uuid:public_id>/fix-all", views.fix_all, name="fix-all"),
    path("<uuid:public_id>/check", views.check, name="check"),
    path("<uuid:public_id>/approve", views.approve, name="approve"),
    path("<uuid:public_id>/reopen", views.reopen, name="reopen"),
]
