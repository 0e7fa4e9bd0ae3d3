-- Loads the clip-art gallery into a table, and indexes it.  Run it with psql in
-- the project's top directory, in a database that has the extension.

CREATE TABLE clipart (
	id         integer PRIMARY KEY,
	title      text NOT NULL,
	keywords   text[],						-- missing for some pictures
	folder     text NOT NULL,
	width      integer NOT NULL,			-- pixels
	height     integer NOT NULL,
	bytes      integer NOT NULL,			-- of the SVG file
	log_bytes  double precision NOT NULL GENERATED ALWAYS AS (log(bytes::double precision)) STORED,
	colors     mmvector(32) NOT NULL,		-- histogram: 8 hues by 4 saturations
	thumbnail  mmvector(256) NOT NULL		-- 16 by 16 grey values, 0 to 255
);

CREATE TEMP TABLE raw (id integer, title text, keywords text, category text, folder text, width integer, height integer,
					   bytes integer, colors real[], thumbnail smallint[]);
\copy raw FROM PROGRAM 'gzip -dc examples/clipart/clipart_openclipart.csv.gz' WITH (FORMAT csv, HEADER)
INSERT INTO clipart (id, title, keywords, folder, width, height, bytes, colors, thumbnail)
	SELECT id, title, string_to_array(keywords, '|'), folder, width, height, bytes, colors, thumbnail::integer[] FROM raw;
DROP TABLE raw;

-- In order of id on disk, so that the index takes the same sample everywhere, and
-- distances are those that the documentation shows.
CLUSTER clipart USING clipart_pkey;

CREATE INDEX clipart_mm ON clipart
	USING mmdb (title, keywords, colors mmvector_l1_ops, thumbnail, log_bytes);
ANALYZE clipart;
