# Starts conmon in the place of the host process, of which a copy is made first wherever it starts a program itself: that holds it up for
# milliseconds. A question is a line of words in hexadecimal, the first of them what is asked, the second the launch; the answer to `begin` is a
# line, the launch and in hexadecimal what conmon has said. Ends with its input.
use strict;
use warnings;

# The numbers of the system calls unshare, mount, umount2, setsid and memfd_create on this machine.
my ($unshare, $mount, $umount, $setsid, $memfd) = map { $_ + 0 } @ARGV;
my ($newns, $rec, $slave) = (0x20000, 0x4000, 0x80000);
my ($cloexec, $sealing) = (1, 2);
my ($set_fd, $add_seals) = (2, 1033);
# Nothing of it can be changed any more, nor that.
my $all_seals = 0xf;
my $nothing = 0;

# By launch: the conmon, and the ends of pipes: its answer, what it waits on, what its helper ends by.
my %launches;
my %sealed;
my $own_group = own_group();
$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'IGNORE';

sub words { join(' ', $_[0], unpack('H*', $_[1])) . "\n" }

# The file by which this process would be moved to the group in which it is.
sub own_group {
  open(my $groups, '<', '/proc/self/cgroup') or return '';
  for (<$groups>) {
    return "/sys/fs/cgroup/pids$1/cgroup.procs" if m{^\d+:pids:(/.*)$};
    return "/sys/fs/cgroup$1/cgroup.procs" if m{^0::(/.*)$} && -e '/sys/fs/cgroup/cgroup.controllers';
  }
  return '';
}

# The program itself in memory, where nobody can write it: what crun makes of itself first, by being started twice, where it is something else.
sub sealed {
  my ($path) = @_;
  my $state = join(' ', (stat($path))[0, 1, 7, 9]);
  return $sealed{$path}{at} if $sealed{$path} && $sealed{$path}{state} eq $state;
  open(my $program, '<:raw', $path) or return $path;
  my $name = 'runtime';
  my $number = syscall($memfd, $name, $cloexec | $sealing);
  return $path if $number < 0;
  open(my $memory, '+<&=', $number) or return $path;
  while (sysread($program, my $bytes, 1 << 20)) { syswrite($memory, $bytes) == length($bytes) or return $path }
  defined(fcntl($memory, $add_seals, $all_seals)) or return $path;
  $sealed{$path} = { state => $state, file => $memory, at => "/proc/$$/fd/$number" };
  return $sealed{$path}{at};
}

sub link_to {
  my ($target, $link) = @_;
  symlink($target, $link) or die "$link: $!";
}

# Does that in a process of its own, which is never another one of this program; gives its number.
sub apart {
  my ($act) = @_;
  my $pid = fork();
  die "fork: $!" if !defined($pid);
  return $pid if $pid != 0;
  eval { $act->() };
  exit 125;
}

sub be_conmon {
  my ($folder, $answer, $wait, @command) = @_;
  chdir($folder) or die;
  syscall($setsid);
  open(STDIN, '<', '/dev/null');
  open(STDOUT, '>', '/dev/null');
  open(STDERR, '>', '/dev/null');
  fcntl($_, $set_fd, 0) for $answer, $wait;
  $ENV{_OCI_SYNCPIPE} = fileno($answer);
  $ENV{_OCI_STARTPIPE} = fileno($wait);
  $SIG{PIPE} = $SIG{CHLD} = 'DEFAULT';
  no warnings 'exec';
  exec { $command[0] } @command;
}

# The first who moves a process to a group waits for the kernel (a grace period of RCU, milliseconds), those after it do not, as long as there is
# always one: this one moves itself to where it is, until the sandbox is made, or for as long as that should take.
sub keep_moving {
  my ($hold) = @_;
  for (1 .. 12) {
    if ($own_group ne '' && open(my $group, '>', $own_group)) { syswrite($group, $$) }
    my $bits = '';
    vec($bits, fileno($hold), 1) = 1;
    return if select($bits, undef, undef, 0.004) > 0;
  }
}

# Has a mount namespace without what is to be hidden from who makes the sandbox, begins that, and ends with it.
sub be_helper {
  my ($of, $hold) = @_;
  close($_) for grep { defined } map { $_->{hold} } values %launches;
  if ($of->{hides} ne '') {
    my ($none, $root) = ('none', '/');
    syscall($unshare, $newns) == 0 && syscall($mount, $none, $root, $nothing, $rec | $slave, $nothing) == 0 && syscall($umount, $of->{hides}, 0) == 0 or die;
    link_to("/proc/$$/ns/mnt", "$of->{folder}/view");
  }
  syswrite($of->{start}, "\n");
  close($_) for map { ($_->{start}, $_->{answer}) } values %launches;
  keep_moving($hold);
  sysread($hold, my $end, 1);
}

my %questions = (
  # Starts conmon, which waits.
  begin => sub {
    my ($id, $folder, $hides, $runtime, @command) = @_;
    # Of a launch before: its number may be another process's by now.
    unlink("$folder/view", "$folder/runtime");
    link_to(sealed($runtime), "$folder/runtime") if $runtime ne '';
    pipe(my $answer, my $says) && pipe(my $waits, my $start) or die "pipe: $!";
    my $conmon = apart(sub { be_conmon($folder, $says, $waits, @command) });
    $launches{$id} = { folder => $folder, hides => $hides, conmon => $conmon, answer => $answer, start => $start, hold => undef, text => '' };
  },
  # All that it needs is there.
  go => sub {
    my ($id) = @_;
    my $of = $launches{$id} or return;
    pipe(my $hold, $of->{hold}) or die "pipe: $!";
    apart(sub { be_helper($of, $hold) });
    close($of->{start});
  },
  # Nobody waits for it; with a conmon that is to end.
  drop => sub {
    my ($id, $ends) = @_;
    my $of = delete($launches{$id}) or return;
    kill('KILL', $of->{conmon}) if $ends;
  },
);

sub ask {
  my ($question, @words) = map { pack('H*', $_) } split(/ /, $_[0], -1);
  eval { $questions{$question}->(@words); 1 } and return;
  my $error = $@;
  my $of = delete($launches{ $words[0] });
  kill('KILL', $of->{conmon}) if $of;
  print words($words[0], $error);
}

my $asked = '';
while (1) {
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for \*STDIN, map { $_->{answer} } values %launches;
  next if select($bits, undef, undef, undef) <= 0;
  for my $id (keys %launches) {
    my $of = $launches{$id};
    next if !vec($bits, fileno($of->{answer}), 1);
    next if sysread($of->{answer}, $of->{text}, 65536, length($of->{text})) && $of->{text} !~ /\n\z/;
    delete($launches{$id});
    print words($id, $of->{text});
  }
  next if !vec($bits, fileno(STDIN), 1);
  sysread(STDIN, $asked, 65536, length($asked)) or exit 0;
  ask($1) while $asked =~ s/^([^\n]*)\n//;
}
