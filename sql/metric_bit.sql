-- Metrics of bit strings.
SELECT B'10101' <^> B'10011' AS hamming, B'1100' <&> B'0110' AS jaccard;
SELECT B'10101'::varbit <^> B'10011'::varbit AS hamming, B'1100'::varbit <&> B'0110'::varbit AS jaccard;
SELECT ''::bit varying <^> '' AS empty, B'000' <&> B'000' AS no_ones, B'000' <&> B'001' AS one;
SELECT B'101' <^> B'1010';
SELECT B'101' <&> B'1010';
SELECT B'101' <^> NULL::bit(3);
SELECT mm_hamming_distance(B'1111', B'0000'), mm_jaccard_distance(B'1111', B'0111');

-- Against SQL, at lengths around the sizes of words and vectors.
SELECT setseed(0.75);
CREATE TABLE bits AS
	SELECT n, ('1' || (SELECT string_agg((random() < 0.5)::integer::text, '') FROM generate_series(2, n)
		WHERE i > 0))::varbit AS a,
		   ('0' || (SELECT string_agg((random() < 0.3)::integer::text, '') FROM generate_series(2, n)
			   WHERE i > 0))::varbit AS b
	FROM (VALUES (2), (7), (8), (63), (64), (65), (255), (256), (257), (511), (512), (513), (1000), (5000)) l(n),
		 generate_series(1, 3) i;
CREATE FUNCTION ones(b varbit) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT length(replace(b::text, '0', ''))
$$;
CREATE VIEW computed AS
	SELECT n, a, b, a <^> b AS hamming, ones(a # b) AS expected_hamming,
		   a <&> b AS jaccard, 1 - ones(a & b) / ones(a | b) AS expected_jaccard FROM bits;
SELECT count(*) AS comparisons FROM computed;
SELECT * FROM computed WHERE hamming <> expected_hamming OR abs(jaccard - expected_jaccard) > 1e-15 LIMIT 10;
SET mmdb.simd = scalar;
SELECT * FROM computed WHERE hamming <> expected_hamming OR abs(jaccard - expected_jaccard) > 1e-15 LIMIT 10;
RESET mmdb.simd;
DROP VIEW computed;
DROP FUNCTION ones;
DROP TABLE bits;
