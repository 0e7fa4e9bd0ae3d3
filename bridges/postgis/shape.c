/*-------------------------------------------------------------------------
 *
 * shape.c
 *	  What the bridge reads of PostGIS's values.
 *
 * A value begins with the number of its spatial reference system in 3 bytes and
 * a byte of flags.  8 bytes of further flags may follow, and then a box of
 * floats, if the flags say so: the least and the greatest x, then those of y and
 * of the other coordinates.  The box of a geography is in geocentric coordinates,
 * x, y and z on the sphere of radius 1, and contains the great circles that are
 * its edges, too.  PostGIS has rounded boxes outwards.  After that come the type
 * of the shape, how many parts it has, and the parts: of a point or a line, the
 * coordinates.  This is so in both forms of values that there are, the old and
 * that of PostGIS 3.
 *
 * Points, and lines of two points, have no box.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/geo_decls.h"
#include "utils/memutils.h"

#include "shape.h"

#define FLAG_Z				0x01
#define FLAG_M				0x02
#define FLAG_BOX			0x04
#define FLAG_GEODETIC		0x08
#define FLAG_MORE_FLAGS		0x10	/* only in the form of PostGIS 3 */
#define FLAG_POSTGIS_3		0x40

#define TYPE_POINT			1
#define TYPE_LINE			2
#define TYPE_POLYGON		3
#define TYPE_CIRCULAR_LINE	8
#define TYPE_TRIANGLE		14

/* What comes before the coordinates, and before the first parts of collections. */
#define HEAD_SIZE			64
#define FIRST_PARTS_SIZE	64

typedef struct Head
{
	uint8		flags;
	int			dimensions;
	bool		has_box;
	float		box[6];
	uint32		type;
	uint32		parts;
	const char *rest;			/* what comes after the number of parts */
} Head;

bool
mmdb_postgis_call(FmgrInfo *function, int n, Datum a, Datum b, Datum *result)
{
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, function, n, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = a;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = b;
	fcinfo->args[1].isnull = false;
	*result = FunctionCallInvoke(fcinfo);
	return !fcinfo->isnull;
}

void
mmdb_postgis_function(FmgrInfo *function, const char *name, int nargs)
{
	memset(function, 0, sizeof(FmgrInfo));
	function->fn_addr = (PGFunction) load_external_function("$libdir/postgis-3", name, true, NULL);
	function->fn_nargs = nargs;
	function->fn_strict = true;
	function->fn_mcxt = TopMemoryContext;
}

static inline uint32
read_number(const char *at)
{
	uint32		number;

	memcpy(&number, at, sizeof(number));
	return number;
}

/*
 * The first bytes of a value.  If there are more, rest leads to them only if
 * the value was detoasted whole.
 */
static Head
read_head(const char *data)
{
	Head		head = {.flags = (uint8) data[3]};

	head.dimensions = 2 + ((head.flags & FLAG_Z) != 0) + ((head.flags & FLAG_M) != 0);
	data += 4;
	if ((head.flags & FLAG_POSTGIS_3) && (head.flags & FLAG_MORE_FLAGS))
		data += 8;
	head.has_box = (head.flags & FLAG_BOX) != 0;
	if (head.has_box)
	{
		bool		geodetic = (head.flags & FLAG_GEODETIC) != 0;

		memcpy(head.box, data, sizeof(float) * (geodetic ? 6 : 4));
		data += 2 * sizeof(float) * (geodetic ? 3 : head.dimensions);
	}
	head.type = read_number(data);
	head.parts = read_number(data + sizeof(uint32));
	head.rest = data + 2 * sizeof(uint32);
	return head;
}

static void
check_number(double x)
{
	if (unlikely(!(fabs(x) < METRIC_COORDINATE_LIMIT)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a shape with coordinate %g has no distances to search by", x),
				 errdetail("Coordinates must be finite, and less than %g.", METRIC_COORDINATE_LIMIT)));
}

/*
 * Coordinates number i and i + 1 of a point or a line.
 */
static inline void
read_place(const Head *head, int point, double *x, double *y)
{
	const char *at = head->rest + sizeof(double) * head->dimensions * point;

	memcpy(x, at, sizeof(double));
	memcpy(y, at + sizeof(double), sizeof(double));
	check_number(*x);
	check_number(*y);
}

int
mmdb_shape_srid(Datum value)
{
	struct varlena *front = PG_DETOAST_DATUM_SLICE(value, 0, 4);
	const uint8 *data = (const uint8 *) VARDATA_ANY(front);
	int			srid = (data[0] & 0x1f) << 16 | data[1] << 8 | data[2];

	return srid & 0x100000 ? srid - 0x200000 : srid;
}

/*
 * Does a type consist of points, not of parts?
 */
static inline bool
has_points(uint32 type)
{
	return type == TYPE_POINT || type == TYPE_LINE || type == TYPE_CIRCULAR_LINE ||
		type == TYPE_TRIANGLE;
}

/*
 * What is known of a shape from its first bytes?
 */
typedef enum Emptiness
{
	NOT_EMPTY,					/* its first part is not */
	EMPTY,
	PERHAPS_EMPTY,
} Emptiness;

static Emptiness
emptiness(Datum value)
{
	struct varlena *front = (struct varlena *) DatumGetPointer(value);
	const char *at;
	const char *end;
	Head		head;

	if (VARATT_IS_EXTENDED(front) && !VARATT_IS_SHORT(front))
		front = PG_DETOAST_DATUM_SLICE(value, 0, HEAD_SIZE + FIRST_PARTS_SIZE);
	head = read_head(VARDATA_ANY(front));
	if (head.parts == 0)
		return EMPTY;
	at = head.rest;
	end = VARDATA_ANY(front) + VARSIZE_ANY_EXHDR(front);
	while (!has_points(head.type) && head.type != TYPE_POLYGON)
	{
		if (end - at < (int) (2 * sizeof(uint32)))
			return PERHAPS_EMPTY;
		head.type = read_number(at);
		head.parts = read_number(at + sizeof(uint32));
		at += 2 * sizeof(uint32);
		if (head.parts == 0)
			return PERHAPS_EMPTY;
	}
	/* The number of points in the first ring. */
	if (head.type == TYPE_POLYGON && read_number(at) == 0)
		return PERHAPS_EMPTY;
	return NOT_EMPTY;
}

/*
 * Go through a shape that begins at *at, and move *at behind it.  Returns false
 * if it is empty, or a part of it is, or if that cannot be told because of a
 * type that is not known here.
 */
static bool
no_part_is_empty(const char **at, int dimensions)
{
	uint32		type = read_number(*at);
	uint32		parts = read_number(*at + sizeof(uint32));
	const char *rest = *at + 2 * sizeof(uint32);

	check_stack_depth();
	if (parts == 0 || type > TYPE_TRIANGLE + 1)
		return false;
	if (has_points(type))
		rest += sizeof(double) * dimensions * (Size) parts;
	else if (type == TYPE_POLYGON)
	{
		Size		points = 0;

		for (uint32 i = 0; i < parts; i++)
		{
			uint32		ring = read_number(rest + sizeof(uint32) * i);

			if (ring == 0)
				return false;
			points += ring;
		}
		rest += sizeof(uint32) * (parts + parts % 2) + sizeof(double) * dimensions * points;
	}
	else
		for (uint32 i = 0; i < parts; i++)
			if (!no_part_is_empty(&rest, dimensions))
				return false;
	*at = rest;
	return true;
}

/*
 * PostGIS has its own view of a collection that begins with an empty shape, and
 * it depends on the version.  So ask.
 */
bool
mmdb_shape_is_null_planar(Datum value)
{
	static FmgrInfo distance;
	Emptiness	known = emptiness(value);
	Datum		result;

	if (known != PERHAPS_EMPTY)
		return known == EMPTY;
	if (distance.fn_addr == NULL)
		mmdb_postgis_function(&distance, "ST_Distance", 2);
	return !mmdb_postgis_call(&distance, 2, PointerGetDatum(PG_DETOAST_DATUM(value)),
							  mmdb_shape_point(mmdb_shape_srid(value), 0, 0, false), &result);
}

bool
mmdb_shape_is_null_geodetic(Datum value)
{
	static FmgrInfo isempty;
	Emptiness	known = emptiness(value);
	Datum		result;

	if (known != PERHAPS_EMPTY)
		return known == EMPTY;
	if (isempty.fn_addr == NULL)
		mmdb_postgis_function(&isempty, "LWGEOM_isempty", 1);
	return !mmdb_postgis_call(&isempty, 1, PointerGetDatum(PG_DETOAST_DATUM(value)), (Datum) 0, &result) ||
		DatumGetBool(result);
}

void
mmdb_shape_check_parts(Datum value)
{
	struct varlena *shape = PG_DETOAST_DATUM_PACKED(value);
	Head		head = read_head(VARDATA_ANY(shape));
	const char *at = head.rest - 2 * sizeof(uint32);

	if (unlikely(!no_part_is_empty(&at, head.dimensions)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a geography with an empty part has no distances to search by"),
				 errdetail("For some others, PostGIS's distance to it is NULL."),
				 errhint("Remove the empty parts.")));
}

Ball
mmdb_shape_planar(Datum value)
{
	static FmgrInfo to_box;
	struct varlena *shape = PG_DETOAST_DATUM_PACKED(value);
	Head		head = read_head(VARDATA_ANY(shape));
	Datum		result;
	BOX			box;
	double		x,
				y;

	if (head.type == TYPE_POINT)
	{
		read_place(&head, 0, &x, &y);
		return (Ball) {.center = {x, y}};
	}
	if (head.has_box)
		box = (BOX) {
			.low = {head.box[0], head.box[2]},
			.high = {head.box[1], head.box[3]}
		};
	else
	{
		if (to_box.fn_addr == NULL)
			mmdb_postgis_function(&to_box, "LWGEOM_to_BOX", 1);
		if (!mmdb_postgis_call(&to_box, 1, PointerGetDatum(PG_DETOAST_DATUM(value)), (Datum) 0, &result))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a shape has no bounding box")));
		box = *DatumGetBoxP(result);
	}
	check_number(box.low.x);
	check_number(box.low.y);
	check_number(box.high.x);
	check_number(box.high.y);
	x = (box.high.x - box.low.x) / 2;
	y = (box.high.y - box.low.y) / 2;
	return (Ball) {
		.center = {box.low.x + x, box.low.y + y},
		.radius = sqrt(x * x + y * y),
	};
}

/*
 * A place as a point of the sphere.
 */
static void
on_sphere(double longitude, double latitude, double *x)
{
	double		lon = longitude * (M_PI / 180.0);
	double		lat = latitude * (M_PI / 180.0);

	x[0] = cos(lat) * cos(lon);
	x[1] = cos(lat) * sin(lon);
	x[2] = sin(lat);
}

/*
 * A line of two points is the shorter arc of a great circle.  The ball around
 * the middle of the chord, with half the chord as its radius, contains it: if
 * half the arc is the angle a, then the place at angle b <= a from its middle is
 * at the distance sqrt(1 + cos(a)^2 - 2 cos(a) cos(b)) <= sin(a) from the middle
 * of the chord.  If the two points are opposite, the ball is the sphere.
 *
 * Where nothing is known, the ball of radius 1 around 0 contains everything.
 */
Ball
mmdb_shape_geodetic(Datum value)
{
	struct varlena *shape = PG_DETOAST_DATUM_PACKED(value);
	Head		head = read_head(VARDATA_ANY(shape));
	Ball		ball = {.radius = 1.0};
	double		ends[2][3];
	double		square = 0.0;

	if (head.has_box)
	{
		for (int i = 0; i < 3; i++)
		{
			double		half = ((double) head.box[2 * i + 1] - head.box[2 * i]) / 2;

			check_number(half);
			ball.center[i] = head.box[2 * i] + half;
			square += half * half;
		}
		ball.radius = sqrt(square);
	}
	else if (head.type == TYPE_POINT || (head.type == TYPE_LINE && head.parts <= 2))
	{
		for (uint32 i = 0; i < 2; i++)
		{
			double		longitude,
						latitude;

			read_place(&head, Min(i, head.parts - 1), &longitude, &latitude);
			on_sphere(longitude, latitude, ends[i]);
		}
		for (int i = 0; i < 3; i++)
		{
			double		half = (ends[1][i] - ends[0][i]) / 2;

			ball.center[i] = ends[0][i] + half;
			square += half * half;
		}
		ball.radius = sqrt(square);
	}
	return ball;
}

Datum
mmdb_shape_point(int srid, double x, double y, bool geodetic)
{
	Size		size = VARHDRSZ + 4 + 2 * sizeof(uint32) + 2 * sizeof(double);
	char	   *result = palloc0(size);
	char	   *data = VARDATA(result);
	uint32		head[2] = {TYPE_POINT, 1};
	double		place[2] = {x, y};

	SET_VARSIZE(result, size);
	data[0] = (srid >> 16) & 0x1f;
	data[1] = (srid >> 8) & 0xff;
	data[2] = srid & 0xff;
	data[3] = FLAG_POSTGIS_3 | (geodetic ? FLAG_GEODETIC : 0);
	memcpy(data + 4, head, sizeof(head));
	memcpy(data + 4 + sizeof(head), place, sizeof(place));
	return PointerGetDatum(result);
}
