-- Scales of an index: measured over the whole table, and pinned.

-- Parallel unsafe, as what an index's expressions call may be.
CREATE FUNCTION mm_measure_scales(index_name regclass, OUT column_number integer, OUT column_name text,
	OUT count bigint, OUT mean double precision, OUT variance double precision, OUT scale double precision)
	RETURNS SETOF record
	LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_measure_scales(regclass)
	IS 'measure the distances of the columns of an mmdb index, over the whole table';

-- Measures, and pins what it has measured.
CREATE FUNCTION mm_pin_scales(index_name regclass) RETURNS void
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'mm_pin_measured_scales';
COMMENT ON FUNCTION mm_pin_scales(regclass)
	IS 'pin the scales of an mmdb index as they are over its whole table, with all partitions';

CREATE FUNCTION mm_pin_scales(index_name regclass, scales double precision[]) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_pin_scales(regclass, double precision[])
	IS 'pin the scales of an mmdb index and of its partitions; NULL: use the measured ones';
