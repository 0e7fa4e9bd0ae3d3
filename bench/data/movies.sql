-- Movies: title (edit distance), histogram of ratings (10 components, L1), genres
-- (Jaccard; 22 % have none), year, logarithms of length and votes, rating.

CREATE TEMP TABLE raw (id int, title text, year int, length_min int, budget_usd bigint, rating float4, votes int, mpaa text,
	genres text, rating_hist float4[]);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/movies_imdb2005.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE movies AS
	SELECT id, bench.bucket(id) AS bucket, title, rating_hist::mmvector(10) AS ratings, string_to_array(genres, '|') AS genres,
		   year, ln(length_min::float8) AS length, ln(votes::float8) AS votes, rating
	FROM raw ORDER BY id;
VACUUM ANALYZE movies;
CALL bench.build('movies', 'title, ratings mmvector_l1_ops, genres, year, length, votes, rating');
