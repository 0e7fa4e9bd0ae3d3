-- A column may be in an index several times, under several metrics.  Wherever columns go
-- by their names, these are told apart by the operator class; and by the column's number
-- where that is the same, too.
CREATE TABLE songs (id integer PRIMARY KEY, title text, plays integer);
INSERT INTO songs SELECT i, left(md5(i::text), 5), i FROM generate_series(1, 300) i;
CREATE INDEX songs_mm ON songs USING mmdb (title, plays, title text_discrete_ops, plays int4_discrete_ops);
CREATE INDEX songs_more ON songs USING mmdb (title, lower(title), title, (title || 'x'));
SELECT index_name, column_number AS n, column_name, metric FROM mmdb.index_columns WHERE table_name = 'songs'::regclass
	ORDER BY index_name::text, 2;
SELECT mm_scale('songs_mm', 'title (text_discrete_ops)'), mm_scale('songs_mm', 'title (text_edit_ops)'),
	   mm_scale('songs_more', 'title (text_edit_ops, 3)'), mm_scale('songs_more', 'lower');
SELECT mm_scale('songs_mm', 'title');
SELECT mm_scale('songs_more', 'title');

-- An index of another order has the same names, so a profile fits both.
CREATE INDEX songs_other ON songs USING mmdb (plays int4_discrete_ops, title text_discrete_ops, title, plays);
INSERT INTO mmdb.weight_profile (name, columns, weights)
SELECT 'regress_songs', array_agg(column_name ORDER BY column_number), '{1,2,3,4}' FROM mmdb.index_columns
	WHERE index_name = 'songs_mm'::regclass;
SELECT mm_distance_sql('songs_mm', profile => 'regress_songs', normalized => false, missing => 'exclude');
SELECT mm_distance_sql('songs_other', profile => 'regress_songs', normalized => false, missing => 'exclude');
SELECT mm_distance_sql('songs_more', profile => 'regress_songs');
UPDATE mmdb.weight_profile SET columns = '{title,plays,title,plays}' WHERE name = 'regress_songs';
SELECT mm_distance_sql('songs_mm', profile => 'regress_songs');
DELETE FROM mmdb.weight_profile WHERE name = 'regress_songs';

-- Learning: names in results and in examples, which may be longer than identifiers.
SET client_min_messages = error;
SELECT columns FROM mm_learn_weights('songs_mm', 'SELECT 7, ARRAY[8, 9]', bootstrap => 0, profile => 'regress_songs');
SELECT weights FROM mm_learn_weights('songs_mm',
	'[{"query": {"plays (int4_l1_ops)": 7, "title (text_discrete_ops)": "abc"}, "relevant": [7, 8, 9]}]',
	bootstrap => 0);
SELECT columns FROM mmdb.weight_profile WHERE name = 'regress_songs';
DELETE FROM mmdb.weight_profile WHERE name = 'regress_songs';
RESET client_min_messages;
SELECT weights FROM mm_learn_weights('songs_mm', '[{"query": {"title": "abc"}, "relevant": [7, 8]}]');
ALTER TABLE songs RENAME title TO a_title_that_is_about_as_long_as_names_of_columns_can_be_at_all;
SELECT (SELECT count(*) FROM unnest(columns) c WHERE length(c) > 63) AS long_names, weights[1] > 0.99 AS by_title
FROM mm_learn_weights('songs_mm', jsonb_build_array(jsonb_build_object('query', jsonb_build_object(
	'a_title_that_is_about_as_long_as_names_of_columns_can_be_at_all (text_edit_ops)', left(md5('77'), 5),
	'plays (int4_l1_ops)', 300), 'relevant', ARRAY[77])), bootstrap => 0);

-- EXPLAIN, and messages.
DROP INDEX songs_other, songs_more;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM songs ORDER BY (plays <+> 7) + 3 * (plays <!> 7) LIMIT 1;
RESET enable_seqscan;
SELECT * FROM odbknn(NULL::songs, ROW('a', 1, 'b', 'c'), '{1,1,1,1}', 1, 'songs_mm');
SELECT * FROM odbknn(NULL::songs, ROW('a', 1, 'b', 1), '{1,1,-1,1}', 1, 'songs_mm');
DROP TABLE songs;
