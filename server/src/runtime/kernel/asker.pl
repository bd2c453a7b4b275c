# Asks the kernel in the place of the host process, which Node gives no way to do so: what takes a program of the system milliseconds to start
# takes microseconds here. A question is a line of words in hexadecimal; the answer is a line, empty or with what was wrong. Ends with its input.
use strict;
use warnings;

# The numbers of two system calls on this machine.
my ($mount, $setns) = map { $_ + 0 } @ARGV;
my $newnet = 0x40000000;
open(my $home, '<', '/proc/self/ns/net') or die "its own network: $!";

# Who is left in a network that is not its own would ask the wrong one.
sub go_home { syscall($setns, fileno($home), $newnet) == 0 or die "the way back: $!" }

my %answers = (
  mount => sub {
    my ($from, $source, $target, $type, $flags, $data) = @_;
    chdir($from) or return 0;
    my $mounted = syscall($mount, $source, $target, $type, $flags + 0, $data) == 0;
    my $error = $!;
    # No folder is kept in use.
    chdir('/');
    $! = $error;
    return $mounted;
  },
  # Sends messages of rtnetlink in the network at a path, here where that is empty, one after the other.
  network => sub {
    my ($path, @messages) = @_;
    my $network;
    if ($path ne '') {
      open($network, '<', $path) or return 0;
      syscall($setns, fileno($network), $newnet) == 0 or return 0;
    }
    my $error = send_all(@messages);
    go_home() if $path ne '';
    $! = $error;
    return $error == 0;
  },
);

# Gives the number of the error, 0 where all is well.
sub send_all {
  socket(my $socket, 16, 3, 0) or return $! + 0;
  for my $message (@_) {
    send($socket, $message, 0, pack('SSLL', 16, 0, 0, 0)) or return $! + 0;
    defined(recv($socket, my $answer, 65536, 0)) or return $! + 0;
    my ($error) = unpack('x16 l', $answer);
    return -$error if $error != 0;
  }
  return 0;
}

$| = 1;
while (my $line = <STDIN>) {
  chomp($line);
  my ($question, @words) = map { pack('H*', $_) } split(/ /, $line, -1);
  print $answers{$question}->(@words) ? "\n" : "$!\n";
}
