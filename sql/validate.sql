-- amvalidate tells what is wrong with an operator class.
CREATE FUNCTION d(bytea, bytea) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN abs(length($1) - length($2))::float8;
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

SET client_min_messages = warning;
DROP FUNCTION d(bytea, bytea), d_int, near, options CASCADE;
DROP TABLE bytes;
