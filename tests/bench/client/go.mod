module promogate.dev/bench/client

go 1.26.0
