-- Hours of the air's quality at Indian stations: 13 measures, a number each; up
-- to 28 % of them are missing.

CREATE TEMP TABLE raw (id int, station text, city text, state text, city_lat float8, city_lon float8, ts timestamp,
	pm25 float4, pm10 float4, no float4, no2 float4, nox float4, nh3 float4, so2 float4, co float4, o3 float4,
	benzene float4, toluene float4, xylene float4, temp_c float4, rh float4, ws float4);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/air_india_hourly.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE air AS
	SELECT id, bench.bucket(id) AS bucket, pm25, pm10, no, no2, nox, nh3, so2, co, o3, benzene, toluene, temp_c, rh
	FROM raw ORDER BY id;
VACUUM ANALYZE air;
CALL bench.build('air', 'pm25, pm10, no, no2, nox, nh3, so2, co, o3, benzene, toluene, temp_c, rh');
