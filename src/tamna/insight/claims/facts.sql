-- What each figure of claims is, from the records. %(starts)s: firsts of months of care, or Mondays; %(high)s: won of a high-cost claim.
-- Every query returns key, starts_on, department code, part, value, count.

-- name: month
WITH asked AS (
    SELECT c.*, d.code AS department, to_date(c.care_month, 'YYYYMM') AS month
    FROM claims_claim c JOIN core_department d ON d.id = c.department_id
    WHERE c.care_month = ANY(SELECT to_char(one, 'YYYYMM') FROM unnest(%(starts)s::date[]) one)
), first AS (
    SELECT DISTINCT ON (r.claim_id) r.*, a.month, a.department, (b.sent_at AT TIME ZONE 'Asia/Seoul')::date AS sent_on
    FROM asked a JOIN claims_claimresponse r ON r.claim_id = a.id LEFT JOIN claims_batch b ON b.id = r.batch_id
    WHERE r.kind = 'result' AND r.status <> 'held' ORDER BY r.claim_id, r.id
), standing AS (SELECT * FROM asked WHERE status NOT IN ('withdrawn', 'corrected'))
SELECT 'claims', month, department, '', sum(insurer_won), count(*) FROM standing GROUP BY 2, 3
UNION ALL SELECT 'charged', month, department, '', sum(total_won), count(*) FROM standing GROUP BY 2, 3
UNION ALL SELECT 'high_cost', month, department, '', sum(total_won), count(*) FROM standing WHERE total_won >= %(high)s GROUP BY 2, 3
UNION ALL SELECT 'special', s.month, s.department, e.special_case, sum(s.total_won), count(*)
    FROM standing s JOIN reception_encounter e ON e.id = s.encounter_id WHERE e.special_case <> '' GROUP BY 2, 3, 4
UNION ALL SELECT 'answered', month, department, '', sum(requested_won), count(*) FROM first GROUP BY 2, 3
UNION ALL SELECT status, month, department, reason_code, sum(requested_won - decided_won), count(*) FROM first GROUP BY 1, 2, 3, 4
UNION ALL SELECT 'answer_days', month, department, '', sum(decided_on - sent_on), count(*) FROM first WHERE sent_on IS NOT NULL GROUP BY 2, 3
UNION ALL SELECT 'payment_days', a.month, a.department, '', sum(r.decided_on - (b.sent_at AT TIME ZONE 'Asia/Seoul')::date), count(*)
    FROM asked a JOIN claims_claimresponse r ON r.claim_id = a.id AND r.kind = 'payment' JOIN claims_batch b ON b.id = r.batch_id
    WHERE b.sent_at IS NOT NULL GROUP BY 2, 3
UNION ALL SELECT 'paid', a.month, a.department, '', sum(r.decided_won), count(*)
    FROM asked a JOIN claims_claimresponse r ON r.claim_id = a.id AND r.kind = 'payment' GROUP BY 2, 3
UNION ALL SELECT 'service', s.month, s.department, l.item_class, sum(l.amount_won), count(*)
    FROM standing s JOIN claims_claimline l ON l.claim_id = s.id WHERE l.benefit <> 'full_self' GROUP BY 2, 3, 4
-- a cut names its lines; what it does not name stands under no class of service
UNION ALL SELECT 'service_cut', f.month, f.department, coalesce(l.item_class, ''), sum((cut ->> 'amount')::bigint), count(*)
    FROM first f CROSS JOIN LATERAL jsonb_array_elements(f.lines) cut
        LEFT JOIN claims_claimline l ON l.claim_id = f.claim_id AND l.line_no = (cut ->> 'line_no')::int
    WHERE f.status = 'adjusted' AND cut ->> 'amount' IS NOT NULL GROUP BY 2, 3, 4
UNION ALL SELECT CASE WHEN p.state IN ('accepted', 'edited', 'acted') THEN 'omit_mended' WHEN p.state = 'refused' THEN 'omit_refused'
        ELSE 'omit_left' END, a.month, a.department, '', sum(p.won), count(*)
    FROM core_proposal p JOIN asked a ON a.public_id::text = p.subject_ref
    WHERE p.automation = 'claim.omit' AND p.subject_type = 'claim' AND p.state <> 'shadow' GROUP BY 1, 2, 3
-- A clerk's time on a statement: from one recorded act on it to the same person's next act, where that came within ten minutes.
UNION ALL SELECT 'clerk', month, department, '', sum(seconds)::bigint, count(DISTINCT id)
    FROM (
        SELECT a.id, a.month, a.department, extract(epoch FROM next.at - n.at) AS seconds
        FROM asked a JOIN core_auditentry n ON n.subject_id = a.public_id::text AND n.subject_type = 'claim'
            CROSS JOIN LATERAL (
                SELECT o.at FROM core_auditentry o WHERE o.actor_name = n.actor_name AND o.id > n.id ORDER BY o.id LIMIT 1
            ) next
        WHERE n.actor ->> 'kind' = 'person' AND next.at - n.at BETWEEN interval '0' AND interval '10 minutes'
    ) acts GROUP BY 2, 3

-- name: week
-- First answers by the week in which the statement was sent, each with its reason; the part '' holds how many were answered. The week
-- of the answer would not do: cuts take longer than clean answers, so they would stand in other weeks than those they belong to.
WITH sent AS (
    SELECT id, date_trunc('week', sent_at AT TIME ZONE 'Asia/Seoul')::date AS week FROM claims_batch
    WHERE date_trunc('week', sent_at AT TIME ZONE 'Asia/Seoul')::date = ANY(%(starts)s::date[])
), answers AS (
    SELECT DISTINCT ON (r.claim_id) r.claim_id, r.batch_id, r.status, r.reason_code, r.requested_won, r.decided_won, d.code AS department
    FROM claims_claimresponse r JOIN claims_claim c ON c.id = r.claim_id JOIN core_department d ON d.id = c.department_id
    WHERE r.kind = 'result' AND r.status <> 'held' AND r.claim_id IN (
        SELECT own.claim_id FROM claims_claimresponse own JOIN sent ON sent.id = own.batch_id WHERE own.kind = 'result'
    )
    ORDER BY r.claim_id, r.id
), here AS (SELECT answers.*, sent.week FROM answers JOIN sent ON sent.id = answers.batch_id)
SELECT 'sent', week, department, '', sum(requested_won), count(*) FROM here GROUP BY 2, 3
UNION ALL SELECT 'sent', week, department, reason_code, sum(requested_won - decided_won), count(*)
    FROM here WHERE status IN ('returned', 'impossible', 'adjusted') AND reason_code <> '' GROUP BY 2, 3, 4
