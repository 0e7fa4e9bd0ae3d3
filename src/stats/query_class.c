/*-------------------------------------------------------------------------
 *
 * query_class.c
 *	  Classes of queries; see query_class.h.
 *
 * What classes are told apart by is known without looking at statistics of the
 * index: a class is shown to users who may not know these.  So radii are told
 * apart by their decades, and not by how many rows they hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "stats/query_class.h"

/* Radii beyond these powers of 10 are not told apart. */
#define MOST_DECADES	12

int16
mm_class_of_k(int64 k)
{
	int16		class = 1;

	if (k <= 0)
		return 0;
	for (int64 power = 1; power < k && class < 19; power *= 10)
		class++;
	return class;
}

int16
mm_class_of_radius(double radius)
{
	if (isnan(radius))
		return 0;
	if (radius <= 0)
		return 1;
	if (isinf(radius))
		return MM_RADIUS_ONE + MOST_DECADES;
	return (int16) (MM_RADIUS_ONE +
					Max(Min(ceil(log10(radius)), MOST_DECADES), -MOST_DECADES));
}

bool
mm_class_is_number(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
			return true;
		default:
			return false;
	}
}

void
mm_class_add_range(MMQueryClass *class, const MMColumns *columns, uint32 mask, double radius)
{
	int			column = 0;

	class->radius = Max(class->radius, mm_class_of_radius(radius));
	while (column < columns->n && mask != UINT32_C(1) << column)
		column++;
	if (column == columns->n || !mm_class_is_number(columns->columns[column].type))
		class->within |= mask;
	else if (radius <= 0)
		class->equal |= mask;
	else
		class->ranges |= mask;
}

/* ---------- text ---------- */

static void
append_type(StringInfo buf, const MMQueryClass *class, const char *type, uint32 mask,
			const MMColumns *columns)
{
	const char *separator = "(";

	if (mask == 0)
		return;
	if (buf->len > 0)
		appendStringInfoString(buf, (class->flags & MM_CLASS_ANY) ? " OR " : " AND ");
	appendStringInfoString(buf, type);
	for (int i = 0; i < MM_MAX_COLUMNS; i++)
	{
		if (!(mask & (UINT32_C(1) << i)))
			continue;
		appendStringInfoString(buf, separator);
		if (columns != NULL && i < columns->n)
			appendStringInfoString(buf, quote_identifier(columns->columns[i].name));
		else
			appendStringInfo(buf, "#%d", i + 1);
		separator = ", ";
	}
	appendStringInfoChar(buf, ')');
}

static void
append_filter(StringInfo buf, const MMQueryClass *class, int flag, const char *what)
{
	if (class->flags & flag)
		appendStringInfo(buf, "%s%s", buf->len > 0 ? " AND " : "", what);
}

char *
mm_class_text(const MMQueryClass *class, const MMColumns *columns, const char *label)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_type(&buf, class, "V.K", class->nearest, columns);
	append_type(&buf, class, "V.R", class->within, columns);
	append_type(&buf, class, "N.R", class->ranges, columns);
	append_type(&buf, class, "N.E", class->equal, columns);
	append_filter(&buf, class, MM_CLASS_NE, "filter N.E");
	append_filter(&buf, class, MM_CLASS_NR, "filter N.R");
	append_filter(&buf, class, MM_CLASS_FILTER, "filter");
	if (buf.len == 0)
		appendStringInfoString(&buf, "all rows");
	if (class->nearest != 0 && class->k > 0)
		appendStringInfo(&buf, ", k <= %.0f", pow(10, class->k - 1));
	if (class->radius == 1)
		appendStringInfoString(&buf, ", radius 0");
	else if (class->radius > 0)
		appendStringInfo(&buf, ", radius <= %g", pow(10, class->radius - MM_RADIUS_ONE));
	if (class->flags & MM_CLASS_SHAPED)
		appendStringInfoString(&buf, ", shaped");
	if (class->flags & MM_CLASS_SECURED)
		appendStringInfoString(&buf, ", row security");
	if (class->by == MM_BY_INDEX_SCAN)
		appendStringInfoString(&buf, ", index scan");
	else if (class->by == MM_BY_OTHER_PLAN)
		appendStringInfoString(&buf, ", without the index");
	else if (class->by == MM_BY_FANOUT)
		appendStringInfoString(&buf, ", on servers");
	else if (class->by == MM_BY_ALTERNATIVE)
		appendStringInfo(&buf, ", by %s", label);
	return buf.data;
}
