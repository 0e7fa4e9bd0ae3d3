-- English words, under edit distance.

CREATE TEMP TABLE raw (id integer GENERATED ALWAYS AS IDENTITY, word text);
\copy raw (word) FROM PROGRAM 'cat "$WORDS"' WITH (FORMAT text)
CREATE TABLE words AS
	SELECT id, bench.bucket(id) AS bucket, word FROM raw ORDER BY id;
VACUUM ANALYZE words;
CALL bench.build('words', 'word');
