-- Absolute difference of numbers, dates and times.
SELECT 3::smallint <+> 5::smallint AS int2, -2147483648 <+> 2147483647 AS int4,
	   (-9223372036854775808) <+> 9223372036854775807 AS int8, 1.5::real <+> -1.5::real AS float4,
	   1e300::float8 <+> -1e300 AS float8;
SELECT 100000000000000000000000000000.5 <+> 100000000000000000000000000000.0 AS numeric,
	   1e400::numeric <+> 0::numeric AS numeric_overflow;
SELECT date '2026-03-01' <+> date '2026-02-27' AS days,
	   timestamp '2026-03-01 00:00:00.5' <+> timestamp '2026-02-28 23:59:59' AS seconds,
	   timestamptz '2026-03-01 12:00+00' <+> timestamptz '2026-03-01 12:00+02' AS seconds_tz,
	   interval '1 day 00:00:01.5' <+> interval '23 hours' AS seconds_interval;
SELECT interval '1 month' <+> interval '30 days' AS equal, interval '1 day' <+> interval '-1 day' AS two_days,
	   interval '100000000 years' <+> interval '-100000000 years' AS long,
	   interval '1 mon -1 day' <+> interval '28 days 23:59:59.999999' AS microsecond;
SELECT timestamp '294276-12-31' <+> timestamp '4713-01-01 BC' AS longest;

-- Types mix as in other operators.
SELECT 1 <+> 2.5 AS "numeric", 1::bigint <+> 2 AS "bigint", 1.5::float8 <+> 1200 AS "float8";

-- Infinite values and NaN: at distance 0 from themselves, else infinitely far.
SELECT 'Infinity'::float8 <+> 'Infinity' AS same, 'Infinity'::float8 <+> '-Infinity' AS opposite,
	   'NaN'::float8 <+> 'NaN' AS nan, 'NaN'::float8 <+> 'Infinity' AS nan_inf, 1::float8 <+> 'NaN' AS one_nan,
	   1.7e308::float8 <+> -1.7e308 AS overflow;
SELECT 'NaN'::real <+> 'NaN' AS nan, 'Infinity'::real <+> 1 AS inf;
SELECT 'NaN'::numeric <+> 'NaN' AS nan, 'Infinity'::numeric <+> 'Infinity' AS inf,
	   'Infinity'::numeric <+> '-Infinity' AS opposite, 'NaN'::numeric <+> 1 AS one_nan;
SELECT date 'infinity' <+> date 'infinity' AS same, date 'infinity' <+> date '-infinity' AS opposite,
	   timestamp 'infinity' <+> timestamp 'infinity' AS ts_same, timestamptz '-infinity' <+> now() AS ts;

-- NULL.
SELECT 1 <+> NULL::integer;
