-- Control looks for the apps that scale by themselves every two seconds, and they are few among many.
create index releases_that_scale on releases (id) where config ? 'scale';
create index workloads_by_release on workloads (release_id);
