-- amvalidate tells what is wrong with an operator class.
CREATE FUNCTION d(bytea, bytea) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT RETURN abs(length($1) - length($2))::float8;
CREATE FUNCTION d_int(bytea, bytea) RETURNS integer LANGUAGE sql IMMUTABLE STRICT RETURN 1;
CREATE FUNCTION near(bytea, bytea) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN true;
CREATE FUNCTION options(bytea) RETURNS void LANGUAGE sql IMMUTABLE STRICT RETURN NULL;
CREATE OPERATOR <-> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d, COMMUTATOR = <->);
CREATE OPERATOR <=~> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d_int);
CREATE OPERATOR <~~> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = near);

CREATE OPERATOR CLASS good FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS no_function FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops;
CREATE OPERATOR CLASS no_operator FOR TYPE bytea USING mmdb AS
	FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS not_ordering FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <~~>, FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS integer_order FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <=~> FOR ORDER BY integer_ops, FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS integer_function FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 d_int(bytea, bytea);
CREATE OPERATOR CLASS searching FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, OPERATOR 2 <~~>, FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS wrong_routine FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 d(bytea, bytea), FUNCTION 2 d(bytea, bytea);
CREATE OPERATOR CLASS cross_type FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 d(bytea, bytea), FUNCTION 1 (bytea, text) d(bytea, bytea);

SELECT opcname, amvalidate(oid)
FROM (SELECT * FROM pg_opclass
	  WHERE opcintype = 'bytea'::regtype AND opcmethod = (SELECT oid FROM pg_am WHERE amname = 'mmdb')
	  ORDER BY opcname COLLATE "C" OFFSET 0) c;

-- An index needs both.
CREATE TABLE bytes (b bytea);
CREATE INDEX ON bytes USING mmdb (b);
CREATE INDEX ON bytes USING mmdb (b no_function);
CREATE INDEX ON bytes USING mmdb (b no_operator);
CREATE INDEX ON bytes USING mmdb (b good);

-- And each part must have the signature it is called by: a result of another type would
-- be taken for a number all the same.
CREATE FUNCTION d_real(bytea, bytea) RETURNS real
	LANGUAGE sql IMMUTABLE STRICT RETURN abs(length($1) - length($2))::real;
CREATE OPERATOR <~=~> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d_real, COMMUTATOR = <~=~>);
CREATE FUNCTION d_one(bytea) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN 1;
CREATE FUNCTION d_text(text, text) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN 1;
CREATE OPERATOR CLASS real_distance FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <~=~> FOR ORDER BY float_ops, FUNCTION 1 d_real(bytea, bytea);
CREATE OPERATOR CLASS real_function FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 d_real(bytea, bytea);
CREATE OPERATOR CLASS real_operator FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <~=~> FOR ORDER BY float_ops, FUNCTION 1 d(bytea, bytea);
CREATE OPERATOR CLASS one_argument FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 (bytea, bytea) d_one(bytea);
CREATE OPERATOR CLASS of_text FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 (bytea, bytea) d_text(text, text);
SELECT opcname, amvalidate(oid)
FROM (SELECT * FROM pg_opclass
	  WHERE opcname IN ('real_distance', 'real_function', 'real_operator', 'one_argument', 'of_text')
	  ORDER BY opcname COLLATE "C" OFFSET 0) c;
CREATE INDEX ON bytes USING mmdb (b real_distance);
CREATE INDEX ON bytes USING mmdb (b real_function);
CREATE INDEX ON bytes USING mmdb (b real_operator);
CREATE INDEX ON bytes USING mmdb (b one_argument);
CREATE INDEX ON bytes USING mmdb (b of_text);
CREATE INDEX ON bytes USING mmdb (b integer_function);
CREATE INDEX ON bytes USING mmdb (b not_ordering);
CREATE INDEX ON bytes USING mmdb (b wrong_routine);

-- As a default class, for an attribute of a composite: there need be no index.
CREATE OPERATOR CLASS real_default DEFAULT FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <~=~> FOR ORDER BY float_ops, FUNCTION 1 d_real(bytea, bytea);
CREATE TYPE with_bytes AS (b bytea);
CREATE TABLE with_bytes_table (w with_bytes);
CREATE INDEX ON with_bytes_table USING mmdb (w);
SELECT ROW('a')::with_bytes <-> odbquery(ROW('b'::bytea), '{1}');
DROP OPERATOR CLASS real_default USING mmdb;

-- A class of a wrapper does.
CREATE FUNCTION d_double(bytea, bytea) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN d_real($1, $2);
CREATE OPERATOR <~==~> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d_double, COMMUTATOR = <~==~>);
CREATE OPERATOR CLASS double_distance FOR TYPE bytea USING mmdb AS
	OPERATOR 1 <~==~> FOR ORDER BY float_ops, FUNCTION 1 d_double(bytea, bytea);
INSERT INTO bytes SELECT decode(repeat('00', i), 'hex') FROM generate_series(1, 9) i;
CREATE INDEX bytes_double ON bytes USING mmdb (b double_distance);
SELECT length((obj).b), distance
	FROM odbknn(NULL::bytes, ROW('\x0000'::bytea), NULL, 2, 'bytes_double', normalized => false) ORDER BY 2, 1;

SET client_min_messages = warning;
DROP FUNCTION d(bytea, bytea), d_int, d_real, d_one, d_text, d_double, near, options CASCADE;
DROP TABLE bytes, with_bytes_table;
DROP TYPE with_bytes;
