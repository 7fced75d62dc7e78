-- Spreads the tables of a metering ledger over a Citus cluster. Run it once, after the first node has made the tables and
-- before usage is written, as the owner of the schema, at the coordinator:
--
--   psql -v ON_ERROR_STOP=1 -h COORDINATOR -d metering -f docs/citus.sql
--
-- Every unique constraint has its table's distribution column in it, as Citus demands. Tables that are distributed by the same
-- column lie together: an owner's totals, rejections and rejected records are on one worker.

BEGIN;
SET LOCAL search_path = metering, public;

-- A record's place follows from its uuid alone, so one uuid has one place and is counted once, whoever sends it.
SELECT create_distributed_table('usage_record', 'uuid', colocate_with => 'none');

SELECT create_distributed_table('usage_total', 'owner', colocate_with => 'none');
SELECT create_distributed_table('usage_rejection', 'owner', colocate_with => 'usage_total');

SELECT create_distributed_table('rejected_record', 'owner', colocate_with => 'usage_total');

-- A record's corrections lie beside it.
SELECT create_distributed_table('correction', 'record', colocate_with => 'usage_record');

-- Written by every group. As a reference table it would be written on every worker, one group after the other.
SELECT create_distributed_table('ledger_clock', 'node', colocate_with => 'none');
SELECT create_distributed_table('rejected_count', 'node', colocate_with => 'ledger_clock');

-- A lane writes a row with each group; it touches one worker more, unless a record of the group is there anyway.
SELECT create_distributed_table('usage_group', 'writer', colocate_with => 'none');

-- A consumer of the feed saves its place with each page.
SELECT create_distributed_table('feed_consumer', 'scope', colocate_with => 'none');

-- Small, seldom changed, and needed whichever worker a node is connected to.
SELECT create_reference_table('schema_step');
SELECT create_reference_table('schema_lock');
SELECT create_reference_table('node_number');
SELECT create_reference_table('writer_number');
SELECT create_reference_table('clock_set_back');
SELECT create_reference_table('ledger_move');
SELECT create_reference_table('rejected_replay');
SELECT create_reference_table('shared_version');
SELECT create_reference_table('catalog_object');
SELECT create_reference_table('signing_key');
SELECT create_reference_table('revoked_token');
SELECT create_reference_table('admin_token');

COMMIT;
