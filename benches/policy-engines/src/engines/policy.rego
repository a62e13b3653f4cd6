# The policy in Rego. `input.permission` is what the route asks for, `input.resource` whose data it is.
# The data has each role's permissions with all that it extends, and each tenant's changes for every
# role that they reach, so that nothing is searched: each condition is a look-up.
package tenantguard

default allow := false

allow if {
	given
	not denied
	may_touch
}

given if {
	some role in input.roles
	data.roles[role][input.permission]
}

given if {
	some role in input.roles
	data.overrides[input.tenant][role].grant[input.permission]
}

denied if {
	some role in input.roles
	data.overrides[input.tenant][role].deny[input.permission]
}

may_touch if input.tenant == input.resource

may_touch if {
	delegation := data.delegations[input.resource][input.tenant]
	delegation.permissions[input.permission]
	delegation.not_before <= input.now
	input.now < delegation.expires
}
