/*-------------------------------------------------------------------------
 *
 * component.c
 *	  The types that the components of an odbquery may have.
 *
 * A stored odbquery names the types of its components by their OIDs, and no
 * dependency keeps these types as they are: PostgreSQL cannot know what is
 * inside a value.  So a component must not have a type that can come to mean
 * something else while values of it are stored:
 *
 *	- Composite types, the row types of tables among them, can: ALTER TYPE
 *	  changes an attribute's type if no column uses the composite.
 *	- Pseudo-types, record among them, mean nothing outside their session.
 *	- An odbquery is refused, too.  Its I/O functions would call themselves, as
 *	  deep as a user likes.
 *	- For arrays, ranges, multiranges and domains, the type that they hold
 *	  decides.
 *
 * Base types and enums do not change: ALTER TYPE adds and renames an enum's
 * values, but never takes their OIDs away.  What remains is that a type may be
 * dropped, and that its OID may in the end be given to another type.  So each
 * stored component has a ComponentKind.  Its signature shows that another type
 * has taken the OID, and the rest of it is needed to find the components that
 * come after this one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "type/odbquery.h"

/*
 * Is this the output function of odbquery?  The C function tells, as the
 * type's name and schema are up to the user.
 */
static bool
is_odbquery_output(Oid output)
{
	FmgrInfo	flinfo;

	fmgr_info(output, &flinfo);
	return flinfo.fn_addr == odbquery_out;
}

/*
 * The type that a type holds, or InvalidOid if it holds nothing but itself.
 */
static Oid
held_type(const FormData_pg_type *type)
{
	switch (type->typtype)
	{
		case TYPTYPE_DOMAIN:
			return type->typbasetype;
		case TYPTYPE_RANGE:
			return get_range_subtype(type->oid);
		case TYPTYPE_MULTIRANGE:
			return get_multirange_range(type->oid);
		default:
			return IsTrueArrayType(type) ? type->typelem : InvalidOid;
	}
}

/*
 * What examine() finds out about a type.
 */
typedef enum Verdict
{
	ALLOWED,
	GONE,
	PSEUDO_TYPE,
	COMPOSITE,
	QUERY,
} Verdict;

static Verdict
judge(const FormData_pg_type *type)
{
	if (!type->typisdefined)
		return GONE;
	if (type->typtype == TYPTYPE_PSEUDO)
		return PSEUDO_TYPE;
	if (type->typtype == TYPTYPE_COMPOSITE)
		return COMPOSITE;
	if (type->typtype == TYPTYPE_BASE && is_odbquery_output(type->typoutput))
		return QUERY;
	return ALLOWED;
}

/*
 * Judge a type and what it holds, down to the bottom.  If all of it is
 * allowed, *kind is set; otherwise *held becomes the type that is not allowed.
 *
 * This is a loop, not a recursion: each type holds one other, and users may
 * make chains of arrays of domains of any length.
 */
static Verdict
examine(Oid type, ComponentKind *kind, Oid *held)
{
	uint32		hash = 0;

	for (*held = type; OidIsValid(*held);)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(*held));
		FormData_pg_type form;
		Verdict		verdict;

		CHECK_FOR_INTERRUPTS();
		if (!HeapTupleIsValid(tuple))
			return GONE;
		form = *(Form_pg_type) GETSTRUCT(tuple);
		ReleaseSysCache(tuple);
		verdict = judge(&form);
		if (verdict != ALLOWED)
			return verdict;

		if (*held == type)
			*kind = (ComponentKind) {
				.typlen = form.typlen,
				.typalign = form.typalign,
				.typbyval = form.typbyval,
			};

		/*
		 * The OIDs count because arrays and ranges repeat them in their
		 * values; and so does the way values are stored.
		 */
		hash = hash_combine(hash, murmurhash32(*held));
		hash = hash_combine(hash, murmurhash32((uint32) form.typlen));
		hash = hash_combine(hash, murmurhash32(((uint32) form.typtype << 16) |
											   ((uint32) form.typalign << 8) |
											   (uint32) form.typbyval));
		*held = held_type(&form);
	}
	kind->signature = hash;
	return ALLOWED;
}

bool
mm_component_check(Oid type, int i, ComponentKind *kind, Node *escontext)
{
	Oid			held;

	switch (examine(type, kind, &held))
	{
		case ALLOWED:
			return true;
		case GONE:
			ereturn(escontext, false,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("type with OID %u, of component %d of an odbquery, no longer exists",
							held, i + 1)));
		case PSEUDO_TYPE:
			ereturn(escontext, false,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("component %d of an odbquery cannot have pseudo-type %s",
							i + 1, format_type_be(held))));
		case COMPOSITE:
			ereturn(escontext, false,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("component %d of an odbquery cannot be of type %s",
							i + 1, format_type_be(type)),
					 errdetail("Type %s is composite: ALTER TYPE could change it, and stored values with it.",
							   format_type_be(held)),
					 errhint("Give the component as text, which is read as a literal of the column's type.")));
		case QUERY:
			ereturn(escontext, false,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("component %d of an odbquery cannot be of type %s",
							i + 1, format_type_be(type)),
					 errdetail("A query cannot be part of a query.")));
	}
	return false;				/* not reached */
}

bool
mm_component_is_allowed(Oid type)
{
	ComponentKind kind;
	Oid			held;

	return examine(type, &kind, &held) == ALLOWED;
}

void
mm_component_check_stored(Oid type, int i, const ComponentKind *stored)
{
	ComponentKind kind;

	(void) mm_component_check(type, i, &kind, NULL);
	if (stored != NULL && stored->signature != kind.signature)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type of component %d of an odbquery no longer exists", i + 1),
				 errdetail("Its OID %u is now that of type %s.", type, format_type_be(type))));
}

bool
mm_component_is_readable(Oid type, const ComponentKind *stored)
{
	ComponentKind kind;
	Oid			held;

	return examine(type, &kind, &held) == ALLOWED && stored->signature == kind.signature;
}
