-- Football players again, with other columns than those of players.sql: skills and
-- ratings for positions (vectors of 33 and 27 components, L1), name and club (edit
-- distance), logarithm of value, age, height.

CREATE TEMP TABLE raw (id int, edition int, player_id int, short_name text, long_name text, positions text, overall int,
	potential int, value_eur bigint, wage_eur int, age int, height_cm int, weight_kg int, club text, league text,
	club_joined date, contract_until int, nationality text, foot text, work_rate text, traits text, skills int2[],
	pos_ratings int2[]);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/players_fifa.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE footballers AS
	SELECT id, bench.bucket(id) AS bucket, skills::int[]::mmvector(33), pos_ratings::int[]::mmvector(27) AS ratings,
		   long_name AS name, ln(1 + coalesce(value_eur, 0)::float8) AS value, age, height_cm AS height, club
	FROM raw ORDER BY id;
VACUUM ANALYZE footballers;
CALL bench.build('footballers', 'skills mmvector_l1_ops, ratings mmvector_l1_ops, name, value, age, height, club');
