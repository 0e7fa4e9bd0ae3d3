-- Airbnb's apartments in New York: place (L2), name (edit distance), and
-- logarithms of price, nights and reviews.

CREATE TEMP TABLE raw (id bigint, name text, borough text, neighbourhood text, lat float8, lon float8, room_type text,
	price_usd int, min_nights int, reviews int, last_review date, reviews_per_month float8, host_listings int,
	available_days int);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/rental_airbnb_nyc.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE apartments AS
	SELECT id::integer, bench.bucket(id::integer) AS bucket, point(lon, lat) AS place, name,
		   ln(1 + price_usd::float8) AS price, ln(min_nights::float8) AS nights, ln(1 + reviews::float8) AS reviews
	FROM raw ORDER BY id;
VACUUM ANALYZE apartments;
CALL bench.build('apartments', 'place, name, price, nights, reviews');
