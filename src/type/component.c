/*-------------------------------------------------------------------------
 *
 * component.c
 *	  Which types the components of an odbquery may have.
 *
 * A stored odbquery names the types of its components by their OIDs, and no
 * dependency keeps these types as they are: PostgreSQL cannot know what is
 * inside a value.  So a component must not have a type that can come to mean
 * something else while values of it are stored:
 *
 *	- Composite types, row types of tables among them, can: ALTER TYPE changes
 *	  an attribute's type where no column uses the composite.
 *	- Pseudo-types, record among them, mean nothing outside their session.
 *	- An odbquery is refused, too.  Its I/O functions would call themselves, as
 *	  deep as a user likes.
 *	- Of arrays, ranges, multiranges and domains, what counts is what they hold.
 *
 * Base types and enums do not change: ALTER TYPE adds and renames an enum's
 * values, but does not take their OIDs away.  What is left is that a type may be
 * dropped, and its OID in the end be given to another.  A type's signature
 * tells that.
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
 * Is odbquery the type whose output function this is?  Told by the C function,
 * as the type's name and schema are up to the user.
 */
static bool
is_odbquery_output(Oid output)
{
	FmgrInfo	flinfo;

	fmgr_info(output, &flinfo);
	return flinfo.fn_addr == mm_odbquery_out;
}

/*
 * The type of what a type holds; InvalidOid for a type that holds nothing but
 * itself.
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
 * Soft error unless type, which is held by the type of component i or is that,
 * may be there.
 */
static bool
check_held(const FormData_pg_type *type, Oid holder, int i, Node *escontext)
{
	if (type->typtype == TYPTYPE_PSEUDO)
		ereturn(escontext, false,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("component %d of an odbquery cannot have pseudo-type %s",
						i + 1, format_type_be(type->oid))));
	if (type->typtype == TYPTYPE_COMPOSITE)
		ereturn(escontext, false,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("component %d of an odbquery cannot be of type %s",
						i + 1, format_type_be(holder)),
				 errdetail("Type %s is composite: ALTER TYPE could change it, and stored values with it.",
						   format_type_be(type->oid)),
				 errhint("Give the component as text, which is read as a literal of the column's type.")));
	if (type->typtype == TYPTYPE_BASE && is_odbquery_output(type->typoutput))
		ereturn(escontext, false,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("component %d of an odbquery cannot be of type %s",
						i + 1, format_type_be(holder)),
				 errdetail("A query cannot be part of a query.")));
	return true;
}

/*
 * A loop, not a recursion: a type holds one other, and users may make chains of
 * arrays of domains of any length.
 */
bool
mm_component_check(Oid type, int i, uint32 *signature, Node *escontext)
{
	uint32		hash = 0;

	for (Oid held = type; OidIsValid(held);)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(held));
		FormData_pg_type form;

		if (!HeapTupleIsValid(tuple) || !((Form_pg_type) GETSTRUCT(tuple))->typisdefined)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("type with OID %u, of component %d of an odbquery, no longer exists",
							held, i + 1)));
		form = *(Form_pg_type) GETSTRUCT(tuple);
		ReleaseSysCache(tuple);
		if (!check_held(&form, type, i, escontext))
			return false;

		/* The OIDs, as arrays and ranges repeat them; and what heap tuples rest on. */
		hash = hash_combine(hash, murmurhash32(held));
		hash = hash_combine(hash, murmurhash32((uint32) form.typlen));
		hash = hash_combine(hash, murmurhash32(((uint32) form.typtype << 16) |
											   ((uint32) form.typalign << 8) |
											   (uint32) form.typbyval));
		held = held_type(&form);
		CHECK_FOR_INTERRUPTS();
	}
	*signature = hash;
	return true;
}
