-- The receivable from insurers from both sides; %(account)s: the account's key, %(most)s: visits listed at most.

-- name: common
WITH books AS (
    SELECT e.encounter_ref AS ref, sum(l.debit_won - l.credit_won) AS won
    FROM ledger_journalline l JOIN ledger_journalentry e ON e.id = l.entry_id
    WHERE l.account_id = %(account)s GROUP BY e.encounter_ref
), billed AS (
    -- the account follows the payer of the newest bill: what others owe is in another account
    SELECT encounter_id, CASE WHEN (array_agg(payer ORDER BY seq DESC))[1] IN ('auto', 'industrial') THEN 0 ELSE sum(insurer_won) END AS won
    FROM billing_invoice GROUP BY encounter_id
), paid AS (
    SELECT claim_id, sum(decided_won) AS won FROM claims_claimresponse WHERE kind = 'payment' GROUP BY claim_id
), let AS (
    SELECT (payload ->> 'claim_id')::bigint AS claim_id, sum((payload ->> 'won')::bigint) AS won
    FROM core_event WHERE name = 'claim.cut_accepted' GROUP BY 1
), standing AS (
    SELECT c.id, c.encounter_id, c.status, c.insurer_won,
        c.insurer_won - coalesce(paid.won, 0) - coalesce(let.won, 0) AS open_won,
        coalesce(paid.won, 0) > 0 AS has_pay
    FROM claims_claim c LEFT JOIN paid ON paid.claim_id = c.id LEFT JOIN let ON let.claim_id = c.id
    WHERE c.status NOT IN ('withdrawn', 'corrected') AND NOT c.is_archived AND c.payer NOT IN ('auto', 'industrial')
), claimed AS (
    SELECT encounter_id, sum(insurer_won) AS won, sum(open_won) AS open_won FROM standing GROUP BY encounter_id
), visits AS (
    SELECT e.public_id AS ref, coalesce(billed.won, 0) - coalesce(claimed.won, 0) AS apart_won, claimed.won IS NULL AS unclaimed,
        coalesce(billed.won, 0) - coalesce(claimed.won, 0) + coalesce(claimed.open_won, 0) AS claims_won
    FROM billed FULL JOIN claimed ON claimed.encounter_id = billed.encounter_id
        JOIN reception_encounter e ON e.id = coalesce(billed.encounter_id, claimed.encounter_id)
)

-- name: buckets
SELECT 'ledger', count(*), coalesce(sum(won), 0) FROM books
UNION ALL
SELECT CASE WHEN status IN ('paid', 'adjusted') AND has_pay THEN 'cut_open' ELSE status END AS state, count(*), sum(open_won)
FROM standing WHERE open_won <> 0 GROUP BY state
UNION ALL
SELECT CASE WHEN abs(apart_won) < 10 THEN 'rounding' WHEN unclaimed THEN 'unclaimed' ELSE 'apart' END AS state,
    count(*), sum(apart_won)
FROM visits WHERE apart_won <> 0 GROUP BY state

-- name: differences
SELECT coalesce(books.ref, visits.ref), coalesce(books.won, 0), coalesce(visits.claims_won, 0), count(*) OVER ()
FROM books FULL JOIN visits ON visits.ref = books.ref
WHERE coalesce(books.won, 0) <> coalesce(visits.claims_won, 0)
ORDER BY abs(coalesce(books.won, 0) - coalesce(visits.claims_won, 0)) DESC, 1 LIMIT %(most)s
