"""The audit trail by months on PostgreSQL (docs/adr/0052): each a partition, and one for what none of them takes.

For code of the release before nothing changes: it names the one table, which has the same columns. One that is small
is divided here; a big one by `idp db partition`, while others go on writing, since what is in it has to be looked at
first.
"""

from alembic import op

revision = "0028"
down_revision = "0027"

#: Looked at in a moment.
_SMALL = 64 * 1024 * 1024


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for text in (_PARTS, _OURS_ALONE, _ADD_MONTH, _DROP_BEFORE, _PARTITION):
        connection.exec_driver_sql(text)
    connection.exec_driver_sql(_RIGHTS)
    if connection.exec_driver_sql("SELECT pg_relation_size('audit_events')").scalar_one() < _SMALL:
        connection.exec_driver_sql(_PARTITION_SMALL)


# No format(), whose signs the driver would take for its own. Instants are microseconds since 1970, as everywhere.

#: The partitions: from where, to where; no end for the one that takes the rest.
_PARTS = r"""
CREATE OR REPLACE FUNCTION audit_events_parts() RETURNS TABLE (part text, since bigint, until bigint)
LANGUAGE sql STABLE AS $$
    SELECT quote_ident(child.relname),
           substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \(''?([0-9-]+)')::bigint,
           substring(pg_get_expr(child.relpartbound, child.oid) FROM 'TO \(''?([0-9-]+)')::bigint
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass('audit_events')
$$
"""

#: Whoever may read or write the trail does so by its one name: what is granted on that is granted on every partition.
_OURS_ALONE = """
CREATE OR REPLACE FUNCTION audit_events_ours_alone(part text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE who oid;
BEGIN
    FOR who IN
        SELECT grantee FROM pg_class, aclexplode(relacl)
        WHERE pg_class.oid = part::regclass AND grantee <> relowner
        UNION SELECT grantee FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
        WHERE pg_class.oid = part::regclass AND grantee <> relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || part || ' FROM '
            || CASE who WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(who)) END;
    END LOOP;
END
$$
"""

#: Makes the month of this instant, unless there is a partition for it. Rows that came without it move there.
_ADD_MONTH = """
CREATE OR REPLACE FUNCTION audit_events_add_month(instant bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '2s' AS $$
DECLARE
    month timestamp := date_trunc('month', to_timestamp(instant / 1000000) AT TIME ZONE 'UTC');
    begins bigint := extract(epoch FROM month)::bigint * 1000000;
    ends bigint := extract(epoch FROM month + interval '1 month')::bigint * 1000000;
    name text := quote_ident('audit_events_' || to_char(month, 'YYYY_MM'));
BEGIN
    -- One at a time.
    PERFORM pg_advisory_xact_lock(212468718);
    IF EXISTS (SELECT FROM audit_events_parts() WHERE until > begins AND coalesce(since, begins) <= begins) THEN
        RETURN false;
    END IF;
    EXECUTE 'CREATE TABLE ' || name || ' (LIKE audit_events INCLUDING DEFAULTS)';
    EXECUTE 'ALTER TABLE ' || name || ' ADD CONSTRAINT pk_' || name || ' PRIMARY KEY (id)';
    PERFORM audit_events_ours_alone(name);
    LOCK TABLE audit_events_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE 'WITH moved AS (DELETE FROM audit_events_default WHERE at >= $1 AND at < $2 RETURNING *) INSERT INTO '
        || name || ' SELECT * FROM moved' USING begins, ends;
    -- Others go on writing: of the whole table this takes no lock that they wait for.
    EXECUTE 'ALTER TABLE audit_events ATTACH PARTITION ' || name
        || ' FOR VALUES FROM (' || begins || ') TO (' || ends || ')';
    RETURN true;
END
$$
"""

#: Drops each partition that ends by this instant, and by the end of the last day that is sealed. Returns how many.
_DROP_BEFORE = """
CREATE OR REPLACE FUNCTION audit_events_drop_before(instant bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '2s' AS $$
DECLARE
    sealed bigint := (SELECT extract(epoch FROM max(day)::timestamp + interval '1 day')::bigint * 1000000
                      FROM audit_seals);
    dropped integer := 0;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(212468718);
    FOR name IN SELECT part FROM audit_events_parts() WHERE until <= instant AND until <= sealed LOOP
        EXECUTE 'ALTER TABLE audit_events DETACH PARTITION ' || name;
        EXECUTE 'DROP TABLE ' || name;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$
"""

#: Makes the table one of partitions: what it is until now becomes the first, which ends at this instant. Looks at no
#: row where a constraint that was looked at says that all are before it.
_PARTITION = """
CREATE OR REPLACE FUNCTION audit_events_partition(until bigint) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    numbers text := pg_get_serial_sequence('audit_events', 'id');
    given record;
BEGIN
    IF (SELECT relkind = 'p' FROM pg_class WHERE oid = 'audit_events'::regclass) THEN
        RETURN false;
    END IF;
    LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE audit_events RENAME TO audit_events_before;
    ALTER TABLE audit_events_before RENAME CONSTRAINT pk_audit_events TO pk_audit_events_before;
    ALTER INDEX ix_audit_events_at RENAME TO ix_audit_events_before_at;
    ALTER INDEX ix_audit_events_account_id RENAME TO ix_audit_events_before_account_id;
    ALTER INDEX ix_audit_events_person RENAME TO ix_audit_events_before_person;
    CREATE TABLE audit_events (LIKE audit_events_before INCLUDING DEFAULTS) PARTITION BY RANGE (at);
    EXECUTE 'ALTER SEQUENCE ' || numbers || ' OWNED BY audit_events.id';
    CREATE INDEX ix_audit_events_at ON audit_events (at);
    CREATE INDEX ix_audit_events_account_id ON audit_events (account_id);
    CREATE INDEX ix_audit_events_person ON audit_events (person) WHERE person IS NOT NULL;
    EXECUTE 'ALTER TABLE audit_events ATTACH PARTITION audit_events_before FOR VALUES FROM (MINVALUE) TO ('
        || until || ')';
    -- No row is ever refused for want of a month.
    CREATE TABLE audit_events_default PARTITION OF audit_events (PRIMARY KEY (id)) DEFAULT;
    FOR given IN
        SELECT privilege_type AS what, '' AS of, grantee FROM pg_class, aclexplode(relacl)
        WHERE pg_class.oid = 'audit_events_before'::regclass AND grantee <> relowner
        UNION ALL SELECT privilege_type, ' (' || quote_ident(attname) || ')', grantee
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
        WHERE pg_class.oid = 'audit_events_before'::regclass AND grantee <> relowner
    LOOP
        EXECUTE 'GRANT ' || given.what || given.of || ' ON audit_events TO '
            || CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END;
    END LOOP;
    PERFORM audit_events_ours_alone('audit_events_before');
    PERFORM audit_events_ours_alone('audit_events_default');
    RETURN true;
END
$$
"""

#: Functions that act for their owner name their tables for sure, and are the worker's alone (`idp db roles`).
_RIGHTS = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_events_parts()', 'audit_events_ours_alone(text)',
        'audit_events_add_month(bigint)', 'audit_events_drop_before(bigint)', 'audit_events_partition(bigint)']
    LOOP
        EXECUTE 'ALTER FUNCTION ' || name || ' SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
        EXECUTE 'REVOKE ALL ON FUNCTION ' || name || ' FROM PUBLIC';
    END LOOP;
END
$$
"""

_PARTITION_SMALL = """
SELECT audit_events_partition(extract(epoch FROM date_trunc('month',
    greatest(now() AT TIME ZONE 'UTC', to_timestamp(max(at) / 1000000) AT TIME ZONE 'UTC')) + interval '1 month'
)::bigint * 1000000) FROM audit_events
"""
