-- Tiles of photographs: colour histogram (32 components, L1), colour moments (9,
-- L2), texture (16, L2), place in the photograph (L2).

CREATE TEMP TABLE raw (id int, image_id int, tile_x int, tile_y int, color_hist float4[], color_moments float4[], texture float4[]);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/tiles_bsds.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE tiles AS
	SELECT id, bench.bucket(id) AS bucket, color_hist::mmvector(32) AS colors, color_moments::mmvector(9) AS moments,
		   texture::mmvector(16), point(tile_x, tile_y) AS place
	FROM raw ORDER BY id;
VACUUM ANALYZE tiles;
CALL bench.build('tiles', 'colors mmvector_l1_ops, moments, texture, place');
