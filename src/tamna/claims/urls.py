from django.urls import include, path

from tamna.claims import early_views as early
from tamna.claims import recheck_views as rechecks
from tamna.claims import views
from tamna.claims.remedies import views as remedies
from tamna.claims.studio import views as studio
from tamna.claims.submission import views as sent

app_name = "claims"
urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("ready", sent.prepare, name="prepare"),
    path("send", sent.send_ready, name="send-ready"),
    path("batches", views.batches, name="batches"),
    path("batches/<uuid:public_id>", sent.batch, name="batch"),
    path("batches/<uuid:public_id>/file", sent.batch_file, name="batch-file"),
    path("batches/<uuid:public_id>/text", sent.batch_file, {"dress": "text"}, name="batch-text"),
    path("batches/<uuid:public_id>/resend", sent.resend, name="resend"),
    path("batches/<uuid:public_id>/dissolve", sent.dissolve, name="dissolve"),
    path("batches/<uuid:public_id>/answers/<str:kind>/<str:number>", sent.answer, name="answer"),
    path("answers", views.answers, name="answers"),
    path("answers/<int:response_id>/accept", views.accept_cut, name="accept-cut"),
    path("answers/<int:response_id>/seen", sent.mark_seen, name="mark-seen"),
    path("records", sent.record_requests, name="records"),
    path("records/<int:request_id>/send", sent.send_records, name="send-records"),
    path("remedies", remedies.worklist, name="remedies"),
    path("remedies/<uuid:public_id>", remedies.remedy, name="remedy"),
    path("remedies/<uuid:public_id>/letter", remedies.letter_page, name="remedy-letter"),
    path("remedies/<uuid:public_id>/begin", remedies.begin, name="remedy-begin"),
    path("remedies/<uuid:public_id>/write", remedies.write, name="remedy-write"),
    path("remedies/<uuid:public_id>/file", remedies.file, name="remedy-file"),
    path("remedies/<uuid:public_id>/let-go", remedies.let_go, name="remedy-let-go"),
    path("rules", studio.rules, name="rules"),
    path("rules/", include("tamna.claims.studio.urls")),
    path("effect", views.effect_page, name="effect"),
    path("rechecks", rechecks.runs, name="rechecks"),
    path("rechecks/start", rechecks.start, name="recheck-start"),
    path("rechecks/<uuid:public_id>", rechecks.run, name="recheck"),
    path("rechecks/<uuid:public_id>/<str:step>", rechecks.change, name="recheck-change"),
    path("early", early.findings, name="early"),
    path("risk", views.risk_card, name="risk"),
    path("risk/switch", views.switch_risk, name="switch-risk"),
    path("findings/<int:finding_id>/fix", views.fix, name="fix"),
    path("findings/<int:finding_id>/accept", views.accept, name="accept"),
    path("<uuid:public_id>", views.detail, name="claim"),
    path("<uuid:public_id>/score", views.why_score, name="why-score"),
    path("<uuid:public_id>/similar", views.similar_claims, name="similar"),
    path("<uuid:public_id>/fix-all", views.fix_all, name="fix-all"),
    path("<uuid:public_id>/check", views.check, name="check"),
    path("<uuid:public_id>/note", views.write_note, name="note"),
    path("<uuid:public_id>/approve", views.approve, name="approve"),
    path("<uuid:public_id>/supplement", sent.supplement, name="supplement"),
    path("<uuid:public_id>/added", sent.add_omitted, name="add-omitted"),
    path("<uuid:public_id>/reopen", views.reopen, name="reopen"),
]
