-- Distributes the tables of Teamnotes with Citus. Run it on the coordinator after `teamnotes migrate up`, as the owner
-- of the tables and before there are users; docs/SCALING.md says what it costs.
--
-- Notes, their marks and their shares are distributed by the note, so that those of one note are on one node. Users,
-- teams and memberships are on all nodes: they are read everywhere, and change seldom. What is looked up by a token is
-- on all nodes too, as it is small, and references users.
BEGIN;
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';

-- A foreign key can't lead from a table that is not distributed yet to one that is.
ALTER TABLE notes DROP CONSTRAINT fk_notes_user_id;
ALTER TABLE user_notes DROP CONSTRAINT fk_user_notes_user_id, DROP CONSTRAINT fk_user_notes_note_id;
ALTER TABLE note_teams DROP CONSTRAINT fk_note_teams_note_id, DROP CONSTRAINT fk_note_teams_team_id;

-- The primary key of a distributed table has to include the column by which it is distributed.
ALTER TABLE user_notes DROP CONSTRAINT user_notes_pkey;
ALTER TABLE user_notes ADD PRIMARY KEY (id, note_id);
ALTER TABLE note_teams DROP CONSTRAINT note_teams_pkey;
ALTER TABLE note_teams ADD PRIMARY KEY (id, note_id);

SELECT create_reference_table('users');
SELECT create_reference_table('teams');
SELECT create_reference_table('memberships');
SELECT create_reference_table('note_counts');
SELECT create_reference_table('deletions');
SELECT create_reference_table('sessions');
SELECT create_reference_table('api_tokens');
SELECT create_reference_table('invitations');
SELECT create_reference_table('idempotency_keys');
SELECT create_distributed_table('notes', 'id');
SELECT create_distributed_table('user_notes', 'note_id', colocate_with => 'notes');
SELECT create_distributed_table('note_teams', 'note_id', colocate_with => 'notes');

ALTER TABLE notes ADD CONSTRAINT fk_notes_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE user_notes
  ADD CONSTRAINT fk_user_notes_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_user_notes_note_id FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE;
ALTER TABLE note_teams
  ADD CONSTRAINT fk_note_teams_note_id FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_note_teams_team_id FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;
COMMIT;
